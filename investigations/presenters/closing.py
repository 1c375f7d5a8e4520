"""Whether an incident looks over, and what its resolution would say: for people to decide."""

from dataclasses import dataclass

from investigations.enums import DiagnosisVerdict, IncidentState
from investigations.models import Diagnosis, Incident
from investigations.presenters.pausing import UNDER_WAY, comes_back
from investigations.presenters.timeline import Timeline
from investigations.queries.rows import Entry

WAITS = "proposed"


@dataclass(frozen=True, slots=True)
class Offer:
    """Why an incident may be resolved now, and the reason that the form proposes."""

    why: str
    reason: str


def offer_of(
    incident: Incident, diagnosis: Diagnosis | None, timeline: Timeline, actions: tuple[Entry, ...]
) -> Offer | None:
    """Return the offer to resolve; None while users are hurt, will be again, or an action is under way."""
    if any(a.get("state") in UNDER_WAY for a in actions):
        return None
    if comes_back(diagnosis, timeline, actions):
        return None
    if incident.state == IncidentState.MITIGATED:
        at = f" since {incident.mitigated_at:%H:%M:%SZ}" if incident.mitigated_at else ""
        helped = next((a for a in actions if a.get("state") == "succeeded"), None)
        told = f"A{helped['number']} helped: {helped['title']}." if helped else _unaided(diagnosis)
        return Offer(f"{told} Users are not hurt any more{at}.", told)
    if incident.state != IncidentState.OPEN or diagnosis is None:
        return None
    if any(a.get("state") == WAITS for a in actions):
        # A cause that nobody has treated comes back: its treatment is what should be looked at.
        return None
    lane = timeline.symptom
    if lane is not None and lane.course == "back":
        told = f"{lane.label} of {lane.resource} is back in its usual range."
        return Offer(f"{told[0].upper()}{told[1:]}", f"{told[0].upper()}{told[1:]}")
    if diagnosis.verdict == DiagnosisVerdict.NO_FAULT:
        return Offer("The agents found no fault.", "No fault was found.")
    return None


def _unaided(diagnosis: Diagnosis | None) -> str:
    """Return what ended it where no action of the product did."""
    if diagnosis is not None and diagnosis.verdict == DiagnosisVerdict.NO_FAULT:
        return "It went away by itself: no fault was found."
    return "It ended without an action from here."
