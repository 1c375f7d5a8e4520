"""When the trouble began by the evidence, beside when it was told of."""

from dataclasses import dataclass
from datetime import datetime

from investigations.enums import IncidentOrigin, IncidentState
from investigations.models import Diagnosis, Incident
from investigations.presenters import words
from investigations.queries.beginning import seen_before


@dataclass(frozen=True, slots=True)
class Beginning:
    """``began_at`` is None where no evidence puts it before ``told_at``, when ``by`` came.

    ``age``: how long ago that is, or how long it lasted where it is resolved.
    """

    began_at: datetime | None
    told_at: datetime
    by: str
    age: str


def beginning_of(incident: Incident, diagnosis: Diagnosis | None, *, now: datetime) -> Beginning:
    """Return the beginning: what was seen first of the causal chain, if it came before the alert."""
    began = seen_before(incident, diagnosis)
    by = "reported" if incident.origin == IncidentOrigin.MANUAL else "alert"
    start, ended = began or incident.started_at, incident.resolved_at
    is_over = incident.state == IncidentState.RESOLVED and ended is not None
    age = f"lasted {words.age(start, ended)}" if is_over and ended else words.age(start, now)
    return Beginning(began, incident.started_at, by, age)
