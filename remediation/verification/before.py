"""How it was right before the act: what was well already tells nothing of whether the act helped."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from investigations.models import Diagnosis, Investigation
from remediation.verification.meanings import WATCHED, trigger_of
from remediation.verification.measure import place_of
from remediation.verification.seen import Seen, Symptom, seen_in
from remediation.verification.witnesses import (
    COUNTED,
    GROWING,
    Witness,
    find_witnesses,
    symptoms_of,
)
from telemetry.types import TimeWindow

SLACK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Before:
    """The judged series by meaning, those of them that raised the alarm, and the witnesses.

    ``values``: the last of each judged series; older rows keep none.
    """

    seen: Mapping[str, str]
    alarm: tuple[str, ...]
    witnesses: tuple[Witness, ...] = ()
    values: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def is_telling(self) -> bool:
        """Whether being back in range afterwards says anything: something was not in range.

        What raised the alarm is called well only where all of it was in range; another watched
        series tells only where most of it was out.
        """
        if any(self.seen[name] != Seen.IN_RANGE for name in self.alarm):
            return True
        return Seen.OUT_OF_RANGE in self.seen.values()

    def as_row(self) -> dict[str, Any]:
        """Return it JSON-able."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Before | None":
        """Read what ``as_row`` wrote; None: nobody has looked."""
        if not row:
            return None
        return cls(
            row["seen"],
            tuple(row["alarm"]),
            tuple(Witness(**w) for w in row["witnesses"]),
            row.get("values") or {},
        )


def decisive(diagnosis: Diagnosis, *, target: str) -> list[Symptom]:
    """Return what decides whether an act on a target helped, where the alarm cannot."""
    incident = diagnosis.investigation.incident
    watched = {*WATCHED, trigger_of(incident.semantic)}
    symptoms = symptoms_of(diagnosis, target=target)
    judged = [s for s in symptoms if str(s[0]) == incident.resource and s[1] in watched]
    return _beside(symptoms, judged)


def _beside(symptoms: Iterable[Symptom], judged: Collection[Symptom]) -> list[Symptom]:
    # A level that is judged anyway was in range; growth and a count can show more than a level.
    return [s for s in symptoms if s not in judged or s[1] in {GROWING, COUNTED}]


def look_back(
    investigation: Investigation,
    *,
    at: datetime,
    symptoms: Iterable[Symptom],
    step_seconds: float = 0.0,
) -> Before | None:
    """Read how it was right before ``at``; None: the source did not answer.

    The symptoms are only looked at where what raised the alarm was well already.
    """
    place = place_of(investigation, step_seconds=step_seconds)
    if place is None:
        return Before({}, ())
    reach = 2 * settings.VERIFY_SAMPLES * place.step_seconds + SLACK_SECONDS
    # What a sample tells may reach a step beyond its stamp: the last one here is all of before.
    ends = at - timedelta(seconds=place.step_seconds)
    last = TimeWindow(ends - timedelta(seconds=reach), ends)
    judged = [(place.resource, semantic) for semantic in place.judged]
    found = seen_in(place, judged, last)
    if found is None:
        return None
    seen = {semantic.value: look.how.value for (_, semantic), look in found.items()}
    values = {semantic.value: look.value for (_, semantic), look in found.items()}
    raised = (place.trigger,) if place.trigger else tuple(WATCHED)
    alarm = tuple(s.value for s in raised if s.value in seen)
    before = Before(seen, alarm, values=values)
    if before.is_telling:
        return before
    witnesses = find_witnesses(place, _beside(symptoms, judged), last=last)
    return None if witnesses is None else replace(before, witnesses=tuple(witnesses))
