"""When the trouble began by the evidence, beside when it was told of."""

from dataclasses import dataclass
from datetime import datetime

from investigations.enums import IncidentOrigin, IncidentState
from investigations.models import Diagnosis, Incident
from investigations.phrases import closed_for, length
from investigations.presenters import words
from investigations.queries.beginning import hurt_since, seen_before


@dataclass(frozen=True, slots=True)
class Beginning:
    """``began_at`` is None where no evidence puts it before ``told_at``, when ``by`` came.

    ``age``: how long ago that is. ``lasted``: how long users were hurt, where it is resolved; ``cut``:
    what it was closed for while they still were.
    """

    began_at: datetime | None
    told_at: datetime
    by: str
    age: str
    lasted: str = ""
    cut: str = ""


def beginning_of(incident: Incident, diagnosis: Diagnosis | None, *, now: datetime) -> Beginning:
    """Return the beginning: what was seen first of the causal chain, if it came before the alert.

    One query where it is resolved.
    """
    began = seen_before(incident, diagnosis)
    by = "reported" if incident.origin == IncidentOrigin.MANUAL else "alert"
    age = words.age(began or incident.started_at, now)
    ended = incident.mitigated_at or incident.resolved_at
    if incident.state != IncidentState.RESOLVED or ended is None:
        return Beginning(began, incident.started_at, by, age)
    since = hurt_since([(incident, diagnosis)])[incident.pk]
    cut = "" if incident.mitigated_at else closed_for(incident.resolution)
    lasted = length((ended - since).total_seconds())
    return Beginning(began, incident.started_at, by, age, lasted, cut)
