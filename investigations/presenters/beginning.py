"""When the trouble began by the evidence, beside when it was told of."""

from dataclasses import dataclass
from datetime import datetime

from investigations.enums import IncidentOrigin
from investigations.models import Diagnosis, Incident
from investigations.presenters import words
from investigations.queries.beginning import seen_before


@dataclass(frozen=True, slots=True)
class Beginning:
    """``began_at`` is None where no evidence puts it before ``told_at``, when ``by`` came."""

    began_at: datetime | None
    told_at: datetime
    by: str
    age: str


def beginning_of(incident: Incident, diagnosis: Diagnosis | None, *, now: datetime) -> Beginning:
    """Return the beginning: what was seen first of the causal chain, if it came before the alert."""
    began = seen_before(incident, diagnosis)
    by = "reported" if incident.origin == IncidentOrigin.MANUAL else "alert"
    return Beginning(began, incident.started_at, by, words.age(began or incident.started_at, now))
