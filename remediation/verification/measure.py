"""Collecting what verification judges: fresh samples of the series that raised the alarm."""

import math
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings

from investigations.models import Investigation
from remediation.enums import VerificationPhase
from remediation.verification.assess import assess, band_of, combine
from telemetry.ask import guarded
from telemetry.backends import open_sources
from telemetry.types import ResourceRef, Semantic, Series, TimeWindow

WATCHED = {Semantic.LATENCY_P99_SECONDS: 0.02, Semantic.ERROR_RATIO: 0.01}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One series after the action, against its baseline."""

    metric: str
    unit: str
    baseline: float | None
    limit: float | None
    samples: int
    inside: int
    latest: float | None
    phase: str


def measure(
    investigation: Investigation, *, since: datetime, now: datetime, is_late: bool
) -> tuple[VerificationPhase, list[Measurement]]:
    """Read latency and errors of the incident's resource since ``since`` and judge them.

    A source that does not answer gives INCONCLUSIVE when the time is up, never success.
    """
    try:
        resource = ResourceRef.parse(investigation.incident.resource)
    except ValueError:
        return VerificationPhase.INCONCLUSIVE, []
    sources = guarded(
        open_sources(investigation.telemetry),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )
    step = settings.VERIFY_STEP_SECONDS
    window = TimeWindow(since, max(now, since + timedelta(seconds=step)))
    baseline = TimeWindow(investigation.baseline_start, investigation.baseline_end)
    fresh = sources.metrics.read_semantic((resource,), tuple(WATCHED), window, step_seconds=step)
    usual = sources.metrics.read_semantic((resource,), tuple(WATCHED), baseline, step_seconds=step)
    by_meaning = {s.ref.semantic: s for s in fresh.data if s.ref.peer is None}
    found = [
        _judge(series, by_meaning.get(series.ref.semantic), is_late=is_late)
        for series in usual.data
        if series.ref.peer is None
    ]
    if not found and not is_late:
        return VerificationPhase.RUNNING, []
    return combine([VerificationPhase(m.phase) for m in found]), found


def _judge(usual: Series, fresh: Series | None, *, is_late: bool) -> Measurement:
    semantic = usual.ref.semantic or Semantic.ERROR_RATIO
    band = band_of(list(usual.values), floor=WATCHED[semantic])
    samples = [float(v) for v in fresh.values] if fresh is not None else []
    phase = assess(band, samples, needed=settings.VERIFY_SAMPLES, is_late=is_late)
    latest = samples[-1] if samples and not math.isnan(samples[-1]) else None
    return Measurement(
        metric=str(semantic),
        unit=usual.ref.unit,
        baseline=band.baseline if band else None,
        limit=band.limit if band else None,
        samples=len(samples),
        inside=sum(v <= band.limit for v in samples) if band else 0,
        latest=latest,
        phase=phase.value,
    )


def as_rows(measurements: list[Measurement]) -> list[dict[str, object]]:
    """Return measurements as JSON-able rows."""
    return [asdict(m) for m in measurements]
