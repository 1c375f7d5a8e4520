"""Five sorts of trouble, each with the bound beyond which it is told. Pure.

=============  ======================================================================
memory         at least 85 % of its limit for five minutes
latency        p99 more than three sigmas above its usual level for two minutes
surge          more than twice its usual requests, or five points more errors, for two minutes
disk           full within 24 hours if it goes on as in the window
certificate    out of date within 14 days
=============  ======================================================================
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from agents.detectors.robust import median
from telemetry.phrasing import duration, quantity
from telemetry.types import FloatArray, ResourceRef, Semantic, Series

MEMORY_SHARE, MEMORY_SECONDS = 0.85, 300.0
LATENCY_SIGMAS, SURGE_FACTOR, ERROR_POINTS, SHORT_SECONDS = 3.0, 2.0, 0.05, 120.0
DISK_HOURS, CERTIFICATE_DAYS = 24.0, 14.0
MIN_USUAL, MIN_TREND = 20, 10
MAD_TO_SIGMA, RELATIVE_FLOOR = 1.4826, 0.05


@dataclass(frozen=True, slots=True)
class Trigger:
    """One bound that was passed, in words, with the value and the bound."""

    category: str
    resource: ResourceRef
    series: Series
    title: str
    value: str
    bound: str


def find_triggers(series: Iterable[Series]) -> list[Trigger]:
    """Return every bound that is passed at the end of the series, of many resources mixed."""
    known: dict[tuple[ResourceRef, Semantic], Series] = {}
    for one in series:
        if one.ref.semantic is not None and one.ref.peer is None:
            known.setdefault((one.ref.resource, one.ref.semantic), one)
    found = []
    for (resource, semantic), one in known.items():
        limit = known.get((resource, Semantic.MEMORY_LIMIT_BYTES))
        judges: dict[Semantic, Callable[[Series], Trigger | None]] = {
            Semantic.MEMORY_WORKING_SET_BYTES: partial(_memory, limits=limit),
            Semantic.LATENCY_P99_SECONDS: _latency, Semantic.REQUEST_RATE: _traffic,
            Semantic.ERROR_RATIO: _errors, Semantic.DISK_USED_RATIO: _disk,
            Semantic.CERTIFICATE_EXPIRY_SECONDS: _certificate,
        }  # fmt: skip
        trigger = judges[semantic](one) if semantic in judges else None
        if trigger is not None:
            found.append(trigger)
    return sorted(found, key=lambda t: (t.category, str(t.resource)))


def _lasts(one: Series, beyond: NDArray[np.bool_], seconds: float) -> bool:
    """Whether every known sample of the last so many seconds, and at least two, is beyond."""
    recent = (one.times >= one.times[-1] - seconds) & np.isfinite(one.values)
    is_whole = one.times[-1] - one.times[0] >= seconds
    return is_whole and int(recent.sum()) >= 2 and bool(beyond[recent].all())


def _usual(one: Series, seconds: float) -> FloatArray | None:
    """Return the samples before the last so many seconds; None with fewer than twenty."""
    before = one.values[(one.times < one.times[-1] - seconds) & np.isfinite(one.values)]
    return before if len(before) >= MIN_USUAL else None


def _told(category: str, one: Series, title: str, value: str, bound: str) -> Trigger:
    name = one.ref.resource.name
    return Trigger(category, one.ref.resource, one, title.format(name=name), value, bound)


def _memory(one: Series, *, limits: Series | None) -> Trigger | None:
    limit = float(limits.values[-1]) if limits is not None and len(limits.values) else 0.0
    if not limit > 0 or not _lasts(one, one.values >= MEMORY_SHARE * limit, MEMORY_SECONDS):
        return None
    return _told("memory", one, "Memory of {name} has been near its limit for five minutes",
                 f"{one.values[-1] / limit:.0%} of its limit", "85% for 5 min")  # fmt: skip


def _latency(one: Series) -> Trigger | None:
    before = _usual(one, SHORT_SECONDS)
    if before is None:
        return None
    middle = median(before)
    sigma = max(MAD_TO_SIGMA * median(np.abs(before - middle)), RELATIVE_FLOOR * middle, 1e-9)
    if not _lasts(one, one.values > middle + LATENCY_SIGMAS * sigma, SHORT_SECONDS):
        return None
    away = (float(one.values[-1]) - middle) / sigma
    return _told("latency", one, "p99 of {name} is far above its usual level",
                 f"{quantity(float(one.values[-1]), 'seconds')}, {away:.1f} sigmas",
                 f"3 sigmas above {quantity(middle, 'seconds')} for 2 min")  # fmt: skip


def _traffic(one: Series) -> Trigger | None:
    before = _usual(one, SHORT_SECONDS)
    if before is None or median(before) <= 0:
        return None
    middle = median(before)
    if not _lasts(one, one.values > SURGE_FACTOR * middle, SHORT_SECONDS):
        return None
    return _told("surge", one, "Requests to {name} have surged",
                 f"{one.values[-1] / middle:.1f} times the usual", "2 times for 2 min")  # fmt: skip


def _errors(one: Series) -> Trigger | None:
    before = _usual(one, SHORT_SECONDS)
    if before is None:
        return None
    bound = median(before) + ERROR_POINTS
    if not _lasts(one, one.values > bound, SHORT_SECONDS):
        return None
    return _told("surge", one, "Errors of {name} have surged", f"{one.values[-1]:.1%}",
                 f"{bound:.1%} for 2 min")  # fmt: skip


def _disk(one: Series) -> Trigger | None:
    known = np.isfinite(one.values)
    at, used = one.times[known], one.values[known]
    if len(used) < MIN_TREND or at[-1] <= at[0]:
        return None
    slope, _ = np.polyfit(at - at[-1], used, 1)
    if slope <= 0 or float(used[-1]) - float(used[0]) <= 0:
        return None
    hours = (1.0 - float(used[-1])) / float(slope) / 3600
    if hours > DISK_HOURS:
        return None
    return _told("disk", one, "A disk of {name} will be full within a day",
                 f"{used[-1]:.0%} used, full in {max(0.0, hours):.1f} h", "24 h")  # fmt: skip


def _certificate(one: Series) -> Trigger | None:
    known = one.values[np.isfinite(one.values)]
    if not len(known) or float(known[-1]) >= CERTIFICATE_DAYS * 86_400:
        return None
    left = float(known[-1])
    what = "has run out" if left <= 0 else "ends within two weeks"
    value = f"ran out {duration(-left)} ago" if left <= 0 else f"{duration(left)} left"
    return _told("certificate", one, f"The certificate of {{name}} {what}", value, "14 days")
