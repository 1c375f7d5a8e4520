"""Symptoms that the diagnosis cites: they can show what an act did when the alarm cannot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from django.conf import settings

from investigations.enums import EvidenceKind
from investigations.models import Diagnosis
from remediation.enums import VerificationPhase
from remediation.verification.effects import (
    Slope,
    is_silence_telling,
    level_now,
    steepest,
    still_there,
)
from remediation.verification.meanings import READINGS, plain, trigger_of
from remediation.verification.measure import Measurement, Place, fresh_window, judge
from remediation.verification.seen import Seen, Symptom, by_symptom, seen_in
from telemetry.types import ResourceRef, Semantic, Series, TimeWindow

MAX_SYMPTOMS = 6
UNREAD = "not known yet"
GROWING, COUNTED = Semantic.MEMORY_WORKING_SET_BYTES, Semantic.RESTARTS_TOTAL
WORDS = {
    GROWING: "memory growth", COUNTED: "restarts", Semantic.REPLICAS_READY: "ready pods",
    Semantic.CERTIFICATE_EXPIRY_SECONDS: "time left of the certificate",
    Semantic.TLS_HANDSHAKE_FAILURE_RATIO: "share of failed TLS handshakes",
}  # fmt: skip
# Growth and restarts are told over so long a time before the act.
LOOK_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Witness:
    """A symptom that the diagnosis cites and that was there right before the act.

    ``per_second``: by how much it grew, or how often it came; None where its level is what counts.
    ``value``: its last level then, or how often it came in :data:`LOOK_BACK`; older rows keep none.
    """

    resource: str
    semantic: str
    per_second: float | None = None
    value: float | None = None


def symptoms_of(diagnosis: Diagnosis, *, target: str) -> list[Symptom]:
    """Return the series that a diagnosis cites, at most six, and how many pods of a target are ready.

    Series of an edge are left out.
    """
    rows = diagnosis.investigation.evidence.filter(
        number__in=diagnosis.cited, kind=EvidenceKind.METRIC, peer="",
        sample__finding__presence="present",
    ).order_by("number")  # fmt: skip
    found: dict[Symptom, None] = {}
    for resource, sample in rows.values_list("resource", "sample")[:50]:
        semantic = trigger_of(str(sample.get("semantic", "")))
        if semantic is not None:
            found[ResourceRef.parse(resource), semantic] = None
    ready = (ResourceRef.parse(target), Semantic.REPLICAS_READY)
    return list(dict.fromkeys([*list(found)[:MAX_SYMPTOMS], ready]))


def find_witnesses(
    place: Place, symptoms: Sequence[Symptom], *, last: TimeWindow
) -> list[Witness] | None:
    """Return the symptoms that were there at the end of ``last``; None: the source did not answer."""
    found: list[Witness] = []
    levels = [s for s in symptoms if s[1] not in {GROWING, COUNTED}]
    if levels:
        seen = seen_in(place, levels, last)
        if seen is None:
            return None
        found += [
            Witness(str(r), s.value, value=look.value)
            for (r, s), look in seen.items()
            if look.how is Seen.OUT_OF_RANGE
        ]
    window = TimeWindow(last.end - LOOK_BACK, last.end)
    for resource, semantic in symptoms:
        if semantic is GROWING:
            pods = _memory(place, resource, window)
            if pods is None:
                return None
            slope = steepest(pods, needed=settings.VERIFY_SAMPLES)
            if slope is not None and slope.is_growth:
                found.append(Witness(str(resource), semantic.value, slope.per_second))
        elif semantic is COUNTED:
            counted = _counted(place, resource, window)
            if counted is None:
                return None
            if counted.count and counted.seconds:
                rate = counted.count / counted.seconds
                found.append(Witness(str(resource), semantic.value, rate, counted.count))
    return found


def names_of(symptoms: Sequence[Symptom]) -> list[str]:
    """Return what would be measured of symptoms, as a plan and a table call it."""
    return [_name(resource, semantic) for resource, semantic in symptoms]


def _name(resource: ResourceRef, semantic: Semantic) -> str:
    return f"{WORDS.get(semantic, plain(semantic))} of {resource.name}"


def see(
    place: Place, witness: Witness, *, since: datetime, now: datetime, is_late: bool
) -> Measurement:
    """Measure a witness after the act; where nothing is known of it now, that is what is told.

    PASSED: what was wrong with it is over. Anything else says nothing against the act.
    """
    resource, semantic = ResourceRef.parse(witness.resource), Semantic(witness.semantic)
    before = witness.per_second or 0.0
    window = fresh_window(place, since, now)
    if semantic is GROWING:
        return _growth(place, resource, window, before=before)
    if semantic is COUNTED:
        return _count(place, resource, window, before=before, was=witness.value)
    step, read = place.step_seconds, place.metrics.read_semantic
    name = _name(resource, semantic)
    usual = by_symptom(read((resource,), (semantic,), place.baseline, step_seconds=step).data)
    fresh = by_symptom(read((resource,), (semantic,), window, step_seconds=step).data)
    if (resource, semantic) not in usual:
        return _row(name, "", None, None, 0, standing=UNREAD, was=witness.value)
    row = judge(usual[resource, semantic], fresh.get((resource, semantic)), is_late=is_late)
    return replace(row, metric=name, before=Seen.OUT_OF_RANGE.value, before_value=witness.value,
                   is_witness=True)  # fmt: skip


def _growth(
    place: Place, resource: ResourceRef, window: TimeWindow, *, before: float
) -> Measurement:
    """Every pod that is there must have stopped growing."""
    needed = settings.VERIFY_SAMPLES
    step = place.step_seconds
    pods = still_there(_memory(place, resource, window) or [], step_seconds=step)
    level = [s for pod in pods if (s := level_now(pod, needed=needed, before_per_second=before))]
    is_over = bool(pods) and len(level) == len(pods)
    worst = max(level, key=lambda s: s.per_second) if is_over else steepest(pods, needed=needed)
    name, limit = f"{_name(resource, GROWING)}, per second", before / 2
    if worst is None:
        return _row(name, "bytes", limit, None, 0, standing=UNREAD, is_both_ways=True, was=before)
    standing = "level" if is_over else _course(worst)
    return _row(name, "bytes", limit, worst.per_second, worst.samples, standing=standing,
                is_over=is_over, is_both_ways=True, was=before)  # fmt: skip


def _course(slope: Slope) -> str:
    """Return in words how a series goes that is not certainly level."""
    if slope.is_growth:
        return "no: still growing"
    return "not yet: falling" if slope.is_fall else "not certain yet"


def _count(
    place: Place, resource: ResourceRef, window: TimeWindow, *, before: float, was: float | None
) -> Measurement:
    name, now = f"{_name(resource, COUNTED)} since it", _counted(place, resource, window)
    if now is None or not now.samples:
        return _row(name, "", 0.0, None, 0, standing=UNREAD, was=was)
    is_over = now.count == 0 and is_silence_telling(per_second=before, seconds=now.seconds)
    early = "no: it restarted" if now.count else "too early to tell"
    return _row(name, "", 0.0, now.count, now.samples, is_over=is_over, was=was,
                standing="none, some were due" if is_over else early)  # fmt: skip


def _row(
    metric: str, unit: str, limit: float | None, latest: float | None, samples: int, *,
    standing: str, is_over: bool = False, is_both_ways: bool = False, was: float | None = None,
) -> Measurement:  # fmt: skip
    phase = VerificationPhase.PASSED if is_over else VerificationPhase.RUNNING
    return Measurement(
        metric, unit, None, limit, samples, samples if is_over else 0, latest, phase.value,
        before=Seen.OUT_OF_RANGE.value, before_value=was, standing=standing,
        is_both_ways=is_both_ways, is_witness=True,
    )  # fmt: skip


def _memory(place: Place, resource: ResourceRef, window: TimeWindow) -> list[Series] | None:
    """Return the memory of each pod, or of the whole where the source does not tell pods apart.

    None: it did not answer.
    """
    step, read = place.step_seconds, place.metrics.read_semantic
    for by_pod in (True, False):
        found = read((resource,), (GROWING,), window, step_seconds=step, by_pod=by_pod)
        if not found.is_answer:
            return None
        own = [s for s in found.data if s.ref.resource == resource and s.ref.semantic is GROWING]
        if own:
            return own
    return []


@dataclass(frozen=True, slots=True)
class _Counted:
    """How often pods restarted, in so many seconds that are known, by so many samples."""

    count: float = 0.0
    seconds: float = 0.0
    samples: int = 0


def _counted(place: Place, resource: ResourceRef, window: TimeWindow) -> _Counted | None:
    """Count the restarts in a window; None: the source did not answer."""
    step, read = place.step_seconds, place.metrics.read_semantic
    answer = read((resource,), (COUNTED,), window, step_seconds=step)
    if not answer.is_answer:
        return None
    series = by_symptom(answer.data).get((resource, COUNTED))
    if series is None or len(series.times) < 2:
        return _Counted()
    steps = np.array(READINGS[COUNTED].of([float(v) for v in series.values]))
    seconds = float(series.times[-1] - series.times[0])
    return _Counted(float(np.nansum(steps)), seconds, int((~np.isnan(steps)).sum()))
