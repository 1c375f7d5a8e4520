"""Replicas that stay although nobody needs them: what costs without a load for it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from telemetry.types import ResourceRef, Semantic, Series

MIN_GROWTH = 0.5
MIN_REPLICAS = 1.0
LASTING_SECONDS = 3600.0
# Growth that the load's own growth explains to this share is no anomaly.
EXPLAINED = 0.5


@dataclass(frozen=True, slots=True)
class Waste:
    """A resource that runs more replicas than before. ``since``: Unix seconds."""

    resource: ResourceRef
    series: Series
    before: float
    now: float
    since: float
    load_growth: float

    @property
    def replica_hours_a_day(self) -> float:
        """How many replica hours a day it costs more."""
        return 24 * (self.now - self.before)


def find_waste(series: Iterable[Series]) -> list[Waste]:
    """Return what has run at least half as many replicas more for an hour, without more load.

    Takes replicas and request rates of many resources mixed. Where the load is not known nothing is
    said.
    """
    by_meaning: dict[tuple[ResourceRef, Semantic], Series] = {}
    for one in series:
        if one.ref.semantic is not None and one.ref.peer is None:
            by_meaning.setdefault((one.ref.resource, one.ref.semantic), one)
    found = []
    for (resource, semantic), replicas in by_meaning.items():
        load = by_meaning.get((resource, Semantic.REQUEST_RATE))
        if semantic is Semantic.REPLICAS_READY and load is not None:
            waste = _judge(resource, replicas, load)
            if waste is not None:
                found.append(waste)
    return sorted(found, key=lambda w: (-w.replica_hours_a_day, str(w.resource)))


def _judge(resource: ResourceRef, replicas: Series, load: Series) -> Waste | None:
    known = np.isfinite(replicas.values)
    at, count = replicas.times[known], replicas.values[known]
    if len(count) < 12:
        return None
    before, now = float(np.median(count[: len(count) // 4])), float(count[-1])
    if now - before < max(MIN_REPLICAS, MIN_GROWTH * before):
        return None
    lower = np.flatnonzero(count < now - 0.5)
    since = float(at[lower[-1] + 1]) if len(lower) else float(at[0])
    if at[-1] - since < LASTING_SECONDS:
        return None
    then, later = _level(load, at[0], since), _level(load, since, at[-1] + 1)
    if then is None or later is None:
        return None
    growth = (later - then) / max(abs(then), 1e-9)
    if growth >= EXPLAINED * (now - before) / max(before, 1.0):
        return None
    return Waste(resource, replicas, before, now, since, growth)


def _level(load: Series, start: float, end: float) -> float | None:
    inside = (load.times >= start) & (load.times < end) & np.isfinite(load.values)
    return float(np.median(load.values[inside])) if inside.any() else None
