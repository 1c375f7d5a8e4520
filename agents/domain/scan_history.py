"""Scans of what is stored: actions that recur from day to day, causes that recur from incident to incident."""

from datetime import timedelta

from agents.faults.registry import FAULTS
from agents.scans.recurrence import (
    Deed,
    KnownCause,
    Recurrence,
    advice_for,
    recurring_actions,
    recurring_causes,
)
from investigations.domain.clock import database_now
from investigations.domain.periodic import Claim, Outcome
from investigations.domain.scan_findings import FindingDraft, record_scan
from investigations.enums import DiagnosisVerdict, EntryKind, GradeValue, IncidentOrigin
from investigations.models import BoardEntry, Diagnosis, ScanName
from telemetry.phrasing import counted

ACTION_LOOK_BACK = timedelta(days=7)
CAUSE_LOOK_BACK = timedelta(days=30)
MAX_ROWS = 20_000
EXECUTED = ["succeeded", "failed", "undone", "inconclusive"]


def scan_recurrence(claim: Claim) -> Outcome:
    """Look for what came back, in a week of actions and a month of incidents. Practice does not count."""
    deeds, causes = _deeds(), _causes()
    drafts = [_action_draft(r) for r in recurring_actions(deeds)]
    drafts += [_cause_draft(r) for r in recurring_causes(causes)]
    count = record_scan(ScanName.RECURRENCE, drafts)
    return Outcome(
        f"{counted(len(deeds), 'action')} of 7 days and {counted(len(causes), 'cause')} of 30 days looked at, "
        f"{counted(count, 'finding')}."
    )


def _deeds() -> list[Deed]:
    rows = (
        BoardEntry.objects.filter(
            kind=EntryKind.ACTION, data__state__in=EXECUTED,
            updated_at__gt=database_now() - ACTION_LOOK_BACK,
        )
        .exclude(investigation__incident__origin=IncidentOrigin.PRACTICE)
        .values_list("data", "updated_at", "investigation__incident_id")[:MAX_ROWS]
    )  # fmt: skip
    return [
        Deed(str(data.get("kind", "")), str(data["target"]), at, incident_id)
        for data, at, incident_id in rows
        if data.get("target")
    ]


def _causes() -> list[KnownCause]:
    """Return the newest likely cause of each incident, but not those that were graded wrong."""
    rows = (
        Diagnosis.objects.filter(
            verdict=DiagnosisVerdict.LIKELY_CAUSE, reached_at__gt=database_now() - CAUSE_LOOK_BACK
        )
        .exclude(investigation__incident__origin=IncidentOrigin.PRACTICE)
        .exclude(grades__value=GradeValue.WRONG)
        .order_by("pk")
        .values_list("fault_class", "resource", "reached_at", "investigation__incident_id")
    )
    newest = {row[3]: KnownCause(*row) for row in rows[:MAX_ROWS]}
    return [cause for cause in newest.values() if cause.fault_class and cause.resource]


def _facts(found: Recurrence) -> tuple[tuple[str, str], ...]:
    numbers = ", ".join(f"INC-{n}" for n in found.incident_ids[-10:])
    return (
        ("Times", str(found.count)), ("On days", str(found.days)), ("Incidents", numbers),
        ("First", f"{found.first_at:%Y-%m-%d %H:%MZ}"), ("Last", f"{found.last_at:%Y-%m-%d %H:%MZ}"),
    )  # fmt: skip


def _action_draft(found: Recurrence) -> FindingDraft:
    name, what = found.resource.rpartition("/")[2], found.what.replace("_", " ")
    return FindingDraft(
        key=f"action/{found.what}/{found.resource}",
        title=f"{name}: {what} on {found.days} days of the last 7",
        advice="It treats a symptom that comes back: look for what brings it, and mend that.",
        window_start=found.first_at, window_end=found.last_at, facts=_facts(found),
        source="executed actions", query=f"actions {found.what} on {found.resource}, last 7 days",
    )  # fmt: skip


def _cause_draft(found: Recurrence) -> FindingDraft:
    name = found.resource.rpartition("/")[2]
    model = FAULTS.get(found.what)
    title = model.title.lower() if model else found.what.replace("_", " ")
    return FindingDraft(
        key=f"cause/{found.what}/{found.resource}",
        title=f"{len(found.incident_ids)} incidents of the last 30 days had one cause: {title} "
        f"of {name}",
        advice=advice_for(found.what), window_start=found.first_at, window_end=found.last_at,
        facts=_facts(found), source="diagnoses",
        query=f"likely causes {found.what} at {found.resource}, last 30 days",
    )  # fmt: skip
