"""How series were in a short time, against what is usual of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from remediation.enums import VerificationPhase
from remediation.verification.assess import assess, band_of
from remediation.verification.meanings import READINGS
from remediation.verification.measure import Place
from telemetry.types import ResourceRef, Semantic, Series, TimeWindow

Symptom = tuple[ResourceRef, Semantic]


class Seen(StrEnum):
    """How a series was: its last samples all in range, most of them not, some, or none known."""

    IN_RANGE = "in range"
    OUT_OF_RANGE = "out of range"
    MIXED = "in and out of range"
    UNSEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Look:
    """How a series was, and its last known value; None: no sample is known."""

    how: Seen
    value: float | None


def seen_in(
    place: Place, symptoms: Sequence[Symptom], window: TimeWindow
) -> dict[Symptom, Look] | None:
    """Return how each series that has a baseline was at a window's end; None: no answer."""
    step, read = place.step_seconds, place.metrics.read_semantic
    resources = tuple(dict.fromkeys(resource for resource, _ in symptoms))
    asked = tuple(dict.fromkeys(semantic for _, semantic in symptoms))
    fresh = read(resources, asked, window, step_seconds=step)
    if not fresh.is_answer:
        return None
    usual = read(resources, asked, place.baseline, step_seconds=step)
    if not usual.is_answer:
        return None
    normal, then = by_symptom(usual.data), by_symptom(fresh.data)
    return {s: _judge(normal[s], then.get(s)) for s in symptoms if s in normal}


def _judge(usual: Series, last: Series | None) -> Look:
    if last is None:
        return Look(Seen.UNSEEN, None)
    reading, needed = READINGS[usual.ref.semantic or Semantic.ERROR_RATIO], settings.VERIFY_SAMPLES
    band = band_of(reading.of([float(v) for v in usual.values]), floor=reading.floor)
    samples = reading.of([float(v) for v in last.values])
    value = next((reading.back(v) for v in reversed(samples) if v == v), None)
    phase = assess(band, samples, needed=needed, is_late=True)
    if phase is VerificationPhase.PASSED:
        return Look(Seen.IN_RANGE, value)
    if phase is VerificationPhase.FAILED:
        return Look(Seen.OUT_OF_RANGE, value)
    is_known = sum(v == v for v in samples[-needed:]) == needed
    return Look(Seen.MIXED if band and is_known else Seen.UNSEEN, value)


def by_symptom(series: Iterable[Series]) -> dict[Symptom, Series]:
    """Return series by what they are about, without those of an edge and those nobody can judge."""
    return {
        (s.ref.resource, s.ref.semantic): s
        for s in series
        if s.ref.peer is None and s.ref.semantic is not None and s.ref.semantic in READINGS
    }
