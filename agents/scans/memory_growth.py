"""Memory that grows slowly while its load does not: a leak before it hurts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from agents.detectors.trends import Ramp, find_ramp
from telemetry.types import ResourceRef, Semantic, Series

MIN_GROWTH = 0.10
MIN_SECONDS = 3600.0
# Growth that the load's own growth explains to this share is no finding.
EXPLAINED = 0.5
FAR_SECONDS = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Growth:
    """One resource's growth. ``seconds_to_limit`` None: no limit is known."""

    resource: ResourceRef
    series: Series
    ramp: Ramp
    level: float
    limit: float | None
    seconds_to_limit: float | None


def find_growth(series: Iterable[Series]) -> list[Growth]:
    """Return growth that still goes on, that the load does not explain, soonest at its limit first.

    Takes memory, limits and request rates of many resources mixed; the first memory series of a
    resource counts.
    """
    by_meaning: dict[tuple[ResourceRef, Semantic], Series] = {}
    for one in series:
        if one.ref.semantic is not None and one.ref.peer is None:
            by_meaning.setdefault((one.ref.resource, one.ref.semantic), one)
    found = [
        growth
        for (resource, semantic), memory in by_meaning.items()
        if semantic is Semantic.MEMORY_WORKING_SET_BYTES
        and (growth := _judge(
            memory, by_meaning.get((resource, Semantic.MEMORY_LIMIT_BYTES)),
            by_meaning.get((resource, Semantic.REQUEST_RATE)),
        )) is not None
    ]  # fmt: skip
    return sorted(found, key=lambda g: (g.seconds_to_limit or FAR_SECONDS, str(g.resource)))


def _judge(memory: Series, limits: Series | None, load: Series | None) -> Growth | None:
    ramp = find_ramp(memory.times, memory.values, min_growth=MIN_GROWTH, min_seconds=MIN_SECONDS)
    known = memory.values[~np.isnan(memory.values)]
    if ramp is None or len(known) == 0:
        return None
    level = float(np.median(known[-3:]))
    # It has to go on: a ramp that a restart or a collection ended is over.
    if abs(level - ramp.end_level) > 0.05 * ramp.end_level:
        return None
    if load is not None and _grew(load, ramp.onset) >= EXPLAINED * _relative(ramp):
        return None
    limit = _last(limits)
    left = (limit - level) / ramp.per_second if limit else None
    if left is not None and left > FAR_SECONDS:
        return None
    return Growth(memory.ref.resource, memory, ramp, level, limit, max(0.0, left) if left else left)


def _relative(ramp: Ramp) -> float:
    return (ramp.end_level - ramp.start_level) / max(abs(ramp.start_level), 1e-9)


def _grew(load: Series, since: float) -> float:
    """Return how much a load grew over the time, as a share of its start; 0 if that is unknown."""
    values = load.values[(load.times >= since) & ~np.isnan(load.values)]
    if len(values) < 6:
        return 0.0
    width = max(1, len(values) // 6)
    before, after = float(np.median(values[:width])), float(np.median(values[-width:]))
    return (after - before) / max(abs(before), 1e-9)


def _last(series: Series | None) -> float | None:
    if series is None:
        return None
    known = series.values[np.isfinite(series.values)]
    return float(known[-1]) if len(known) and known[-1] > 0 else None
