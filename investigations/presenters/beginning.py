"""When the trouble began by the evidence, beside when it was told of."""

from dataclasses import dataclass
from datetime import datetime

from investigations.enums import IncidentOrigin
from investigations.models import Diagnosis, Incident
from investigations.presenters import words
from investigations.presenters.consensus import overruled_of


@dataclass(frozen=True, slots=True)
class Beginning:
    """``began_at`` is None where no evidence puts it before ``told_at``, when ``by`` came."""

    began_at: datetime | None
    told_at: datetime
    by: str
    age: str


def beginning_of(incident: Incident, diagnosis: Diagnosis | None, *, now: datetime) -> Beginning:
    """Return the beginning: what was seen first of the causal chain, if it came before the alert."""
    is_standing = diagnosis is not None and not overruled_of(diagnosis)
    links = diagnosis.causal_chain if diagnosis is not None and is_standing else []
    seen = [
        datetime.fromisoformat(str(link["onset_at"]))
        for link in links if link.get("onset_at") and not link["is_inferred"]
    ]  # fmt: skip
    first = min(seen, default=None)
    began = first if first is not None and first < incident.started_at else None
    by = "reported" if incident.origin == IncidentOrigin.MANUAL else "alert"
    return Beginning(began, incident.started_at, by, words.age(began or incident.started_at, now))
