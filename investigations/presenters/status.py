"""What people outside the room may read of an incident: no reasoning, no commands, no names of tools."""

from dataclasses import dataclass
from datetime import datetime

from investigations.comings_back import will_come_back
from investigations.enums import EntryKind, IncidentState
from investigations.models import BoardEntry, Diagnosis, Incident, StatusUpdate
from investigations.presenters import words
from investigations.presenters.pausing import UNDER_WAY
from investigations.queries.beginning import began_at, newest_diagnosis
from investigations.typed_text import title_or_untitled, without_reordering

STATES = {
    IncidentState.OPEN: "Being worked on",
    IncidentState.MITIGATED: "Mitigated: users should not be hurt any more; it is being watched",
    IncidentState.RESOLVED: "Resolved",
    IncidentState.MERGED: "Handled together with another incident",
}
PAUSING = "Eased for now: it may hurt users again before it is mended; it is being worked on"
UNVERIFIED = "Counts as mitigated: whether the fix holds is still being checked"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything the status pages show. They are given nothing else."""

    number: int
    title: str
    severity: str
    severity_label: str
    severity_glyph: str
    state: str
    state_text: str
    impact: str
    reported: str
    began_at: datetime
    mitigated_at: datetime | None
    resolved_at: datetime | None
    age: str
    latest: StatusUpdate | None
    next_due_at: datetime | None
    is_overdue: bool
    earlier: tuple[StatusUpdate, ...]
    now: datetime


def build_status(incident: Incident, *, now: datetime) -> StatusView:
    """Read the status of an incident. At most three queries beside the incident's own."""
    diagnosis = newest_diagnosis(incident)
    began = began_at(incident, diagnosis)
    rows = StatusUpdate.objects.filter(investigation__incident=incident)
    updates = list(rows.order_by("-posted_at", "-pk")[:SHOWN])
    latest = updates[0] if updates else None
    due = latest.due_at(incident) if latest else None
    return StatusView(
        number=incident.pk,
        title=without_reordering(title_or_untitled(incident.title)),
        severity=incident.severity,
        severity_label=incident.get_severity_display(),
        severity_glyph=words.SEVERITY_GLYPHS[incident.severity],
        state=incident.state,
        state_text=_state_text(incident, diagnosis),
        impact=latest.impact if latest else "",
        reported=incident.symptom or incident.title,
        began_at=began,
        mitigated_at=incident.mitigated_at,
        resolved_at=incident.resolved_at,
        age=words.age(began, now),
        latest=latest,
        next_due_at=due,
        is_overdue=due is not None and due < now,
        earlier=tuple(updates[1:]),
        now=now,
    )


def _state_text(incident: Incident, diagnosis: Diagnosis | None) -> str:
    """Return the state for those who wait: a symptom that only pauses is not called over."""
    text = STATES[IncidentState(incident.state)]
    if incident.state != IncidentState.MITIGATED:
        return text
    acts = BoardEntry.objects.filter(kind=EntryKind.ACTION, investigation__incident=incident)
    told = [(a.get("state"), a.get("kind"), a.get("target"))
            for a in acts.order_by("-pk").values_list("data", flat=True)[:SHOWN]]  # fmt: skip
    if any(state in UNDER_WAY for state, *_ in told):
        return UNVERIFIED
    helped = ((kind, target) for state, kind, target in told if state == "succeeded")
    return PAUSING if will_come_back(diagnosis, succeeded=helped) else text
