"""Collecting what verification judges: fresh samples of the series that raised the alarm."""

import math
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings

from investigations.models import Investigation
from remediation.enums import VerificationPhase
from remediation.verification.assess import MIN_BASELINE, assess, band_of, combine
from remediation.verification.meanings import READINGS, WATCHED, trigger_of
from remediation.verification.spacing import interval_of
from telemetry.ask import GuardedMetrics, guarded
from telemetry.backends import open_sources
from telemetry.types import ResourceRef, Semantic, Series, TimeWindow

# Latency and errors are also fine where nobody asks any more: that is no recovery.
TRAFFIC = Semantic.REQUEST_RATE
LEAST_TRAFFIC = 0.5
# So much of the baseline tells how far apart samples are: ten at the most seldom usual interval.
LEARN_FROM = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One series after the action, against its baseline.

    ``limit`` is the most that is normal, or with ``is_least`` the least; ``is_both_ways``: down as up.
    ``before``: how it was right before the act (:class:`remediation.verification.before.Seen`), empty
    where nobody looked; ``before_value``: its last value then, if known. ``standing``: how it is now,
    in words, where it is judged as a whole and not sample by sample. ``is_witness``: it was wrong
    before the act, and shows its effect.
    """

    metric: str
    unit: str
    baseline: float | None
    limit: float | None
    samples: int
    inside: int
    latest: float | None
    phase: str
    is_least: bool = False
    before: str = ""
    before_value: float | None = None
    standing: str = ""
    is_both_ways: bool = False
    is_witness: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What of an incident is measured: its resource, the series judged of it, and who is asked.

    ``step_seconds``: how far apart samples are asked for: never nearer than the source has new ones.
    """

    resource: ResourceRef
    trigger: Semantic | None
    metrics: GuardedMetrics
    baseline: TimeWindow
    step_seconds: float

    @property
    def judged(self) -> tuple[Semantic, ...]:
        """The series that must be back."""
        return tuple(dict.fromkeys((*WATCHED, *([self.trigger] if self.trigger else []))))


def place_of(investigation: Investigation, *, step_seconds: float = 0.0) -> Place | None:
    """Return what is measured; None where the incident's resource is no resource.

    ``step_seconds``: as learnt by :func:`learn_step`; 0: the least there is.
    """
    try:
        resource = ResourceRef.parse(investigation.incident.resource)
    except ValueError:
        return None
    sources = guarded(
        open_sources(investigation.telemetry),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )
    baseline = TimeWindow(investigation.baseline_start, investigation.baseline_end)
    trigger = trigger_of(investigation.incident.semantic)
    step = max(step_seconds, settings.VERIFY_STEP_SECONDS)
    return Place(resource, trigger, sources.metrics, baseline, step)


def learn_step(investigation: Investigation) -> float | None:
    """Return the seconds between new samples of what is judged; None: the source did not answer."""
    place = place_of(investigation)
    if place is None:
        return settings.VERIFY_STEP_SECONDS
    window = TimeWindow(
        max(place.baseline.start, place.baseline.end - LEARN_FROM), place.baseline.end
    )
    found = place.metrics.read_semantic(
        (place.resource,), (*place.judged, TRAFFIC), window, step_seconds=place.step_seconds
    )
    if not found.is_answer:
        return None
    return interval_of(found.data, step_seconds=place.step_seconds)


def measure(
    investigation: Investigation,
    *,
    since: datetime,
    now: datetime,
    is_late: bool,
    step_seconds: float = 0.0,
) -> tuple[VerificationPhase, list[Measurement]]:
    """Read what raised the alarm, latency and errors of the incident's resource, and judge them.

    Where its traffic is known, at least half of it must be there: silence is no recovery. Without
    the triggering series, or when a source does not answer, it is INCONCLUSIVE when the time is up,
    never success.
    """
    place = place_of(investigation, step_seconds=step_seconds)
    if place is None:
        return VerificationPhase.INCONCLUSIVE, []
    step, trigger, window = place.step_seconds, place.trigger, fresh_window(place, since, now)
    asked, read = (*place.judged, TRAFFIC), place.metrics.read_semantic
    fresh = read((place.resource,), asked, window, step_seconds=step)
    usual = read((place.resource,), asked, place.baseline, step_seconds=step)
    by_meaning = {s.ref.semantic: s for s in fresh.data if s.ref.peer is None}
    found, traffic = [], []
    for series in usual.data:
        if series.ref.peer is not None:
            continue
        now_seen = by_meaning.get(series.ref.semantic)
        if series.ref.semantic == TRAFFIC:
            traffic.append(_judge_traffic(series, now_seen, is_late=is_late))
        else:
            found.append(judge(series, now_seen, is_late=is_late))
    if trigger is not None and trigger not in {m.metric for m in found}:
        found.append(_unread(trigger, is_late=is_late))
    if not found:
        early, late = VerificationPhase.RUNNING, VerificationPhase.INCONCLUSIVE
        return late if is_late else early, traffic
    rows = found + traffic
    return combine([VerificationPhase(m.phase) for m in rows]), rows


def fresh_window(place: Place, since: datetime, now: datetime) -> TimeWindow:
    """Return the time since an act in which each sample is a new one.

    A source that has a sample more seldom than it is asked would first repeat one from before.
    """
    step = timedelta(seconds=place.step_seconds)
    is_seldom = place.step_seconds > settings.VERIFY_STEP_SECONDS
    start = since + step if is_seldom else since
    return TimeWindow(start, max(now, start + step))


def _unread(trigger: Semantic, *, is_late: bool) -> Measurement:
    """The triggering series has no baseline: nothing can be said."""
    phase = assess(None, [], needed=settings.VERIFY_SAMPLES, is_late=is_late)
    return Measurement(str(trigger), "", None, None, 0, 0, None, phase.value)


def judge(usual: Series, fresh: Series | None, *, is_late: bool) -> Measurement:
    """Judge fresh samples of one series against its usual ones."""
    semantic = usual.ref.semantic or Semantic.ERROR_RATIO
    reading = READINGS[semantic]
    band = band_of(reading.of([float(v) for v in usual.values]), floor=reading.floor)
    samples = reading.of([float(v) for v in fresh.values]) if fresh is not None else []
    phase = assess(band, samples, needed=settings.VERIFY_SAMPLES, is_late=is_late)
    if phase is VerificationPhase.FAILED and semantic not in WATCHED:
        # A disk that stays full, say, does not show that the action was wrong: a person judges.
        phase = VerificationPhase.INCONCLUSIVE
    latest = reading.back(samples[-1]) if samples and not math.isnan(samples[-1]) else None
    return Measurement(
        metric=str(semantic),
        unit=usual.ref.unit,
        baseline=reading.back(band.baseline) if band else None,
        limit=reading.back(band.limit) if band else None,
        samples=len(samples),
        inside=sum(v <= band.limit for v in samples) if band else 0,
        latest=latest,
        phase=phase.value,
        is_least=reading.is_lower_worse,
    )


def _judge_traffic(usual: Series, fresh: Series | None, *, is_late: bool) -> Measurement:
    known = [float(v) for v in usual.values if not math.isnan(v)]
    least = LEAST_TRAFFIC * median(known) if len(known) >= MIN_BASELINE else 0.0
    samples = [float(v) for v in fresh.values] if fresh is not None else []
    recent = samples[-settings.VERIFY_SAMPLES :]
    is_enough = len(recent) >= settings.VERIFY_SAMPLES and all(v >= least for v in recent)
    unsettled = VerificationPhase.INCONCLUSIVE if is_late else VerificationPhase.RUNNING
    latest = samples[-1] if samples and not math.isnan(samples[-1]) else None
    return Measurement(
        metric=str(TRAFFIC),
        unit=usual.ref.unit,
        baseline=median(known) if known else None,
        limit=least,
        samples=len(samples),
        inside=sum(v >= least for v in samples),
        latest=latest,
        phase=(VerificationPhase.PASSED if is_enough else unsettled).value,
        is_least=True,
    )


def as_rows(measurements: list[Measurement]) -> list[dict[str, object]]:
    """Return measurements as JSON-able rows."""
    return [asdict(m) for m in measurements]
