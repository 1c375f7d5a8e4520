"""What came of actions, read from the board: evidence for the next round, and why there is one.

Whoever acts writes it there; nothing here knows how actions run.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from agents.domain.posting import draft_of
from agents.enums import AgentName, Presence
from agents.findings import Finding
from agents.reconciler.treated import HELPED, NO_HELP
from investigations.domain.board import write_evidence
from investigations.domain.journal import BoardWriter
from investigations.enums import EntryKind, IncidentState, InvestigationState
from investigations.models import BoardEntry, Evidence, Investigation
from telemetry.results import Provenance
from telemetry.types import ResourceRef, TelemetryKind, TimeWindow

# Effects that count, by what the board calls them; any other says nothing.
EFFECTS = {"helped": HELPED, "no_help": NO_HELP}
ENDED = ("succeeded", "undone", "failed")
# Among the specialists it is the deployment's: it tells what was changed.
TOLD_BY = AgentName.DEPLOYMENT
TOLD = {HELPED: "what was wrong is over since", NO_HELP: "what was wrong went on"}


def treatment_findings(investigation: Investigation) -> list[Finding]:
    """Return what actions that are over did or verifiably did not do, in the order of their numbers."""
    rows = investigation.entries.filter(
        kind=EntryKind.ACTION, data__effect__in=sorted(EFFECTS), data__state__in=ENDED
    )
    return [_finding(row) for row in sorted(rows, key=lambda row: int(row.data["number"]))]


def _finding(entry: BoardEntry) -> Finding:
    data = entry.data
    feature = EFFECTS[str(data["effect"])]
    began = datetime.fromisoformat(str(data["began_at"]))
    ended = datetime.fromisoformat(str(data["ended_at"]))
    return Finding(
        agent=TOLD_BY, feature=feature, resource=ResourceRef.parse(str(data["target"])),
        presence=Presence.PRESENT, kind=TelemetryKind.METRIC,
        claim=f"{entry.key} {data['title']}: {TOLD[feature]} ({data['measured']}).",
        provenance=Provenance(
            source=entry.key, kind=TelemetryKind.METRIC, fetched_at=entry.updated_at,
            query=f"verification of {entry.key}: {data['command']}",
            window=TimeWindow(began, max(ended, began + timedelta(seconds=1))),
        ),
        sample={"action": data["kind"], "cause": data.get("cause"), "rows": [
            {"measured": part} for part in str(data["measured"]).split("; ")
        ]},
    )  # fmt: skip


def tell_treatments(board: BoardWriter) -> None:
    """Post what came of actions and is not on the board as evidence yet, in the caller's transaction.

    Each once: what a new round begins with, it weighs, whoever of the specialists is paused.
    """
    row = board.investigation
    told = set(row.evidence.filter(feature__in=TOLD).values_list("source", flat=True))
    for finding in treatment_findings(row):
        if finding.provenance.source not in told:
            write_evidence(
                board, draft_of(finding), author=finding.agent.author,
                step_key=f"r{row.round}/t/{finding.key}"[:300],
            )  # fmt: skip


def unweighed_failures(rows: QuerySet[BoardEntry]) -> QuerySet[BoardEntry]:
    """Return the actions among the entries that verifiably changed nothing and that no round has read.

    Only where looking again can tell more: the incident is open, and no recording.
    """
    return _unread(rows, "no_help").filter(
        investigation__incident__state=IncidentState.OPEN
    ).exclude(investigation__telemetry__kind="recorded")  # fmt: skip


def unweighed_helps(rows: QuerySet[BoardEntry]) -> QuerySet[BoardEntry]:
    """Return the actions among the entries that helped and that no round has read.

    They are weighed once nobody is hurt any more: while the incident is open its alerts begin
    rounds, which read them too. A run that was stopped or failed stays as it is.
    """
    return _unread(rows, "helped").filter(
        investigation__incident__state=IncidentState.MITIGATED,
        investigation__incident__merged_into=None,
        investigation__state__in=[InvestigationState.CONCLUDED, InvestigationState.RECONCILING],
    )  # fmt: skip


def _unread(rows: QuerySet[BoardEntry], effect: str) -> QuerySet[BoardEntry]:
    """Return the actions that are over with an effect which is not on the board as evidence."""
    known = Evidence.objects.filter(
        investigation=OuterRef("investigation"), source=OuterRef("key"), feature=EFFECTS[effect]
    )
    ended = rows.filter(kind=EntryKind.ACTION, data__effect=effect, data__state__in=ENDED)
    return ended.filter(~Exists(known))
