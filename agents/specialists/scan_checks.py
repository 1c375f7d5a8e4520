"""Looking at every series of every resource: what is strange, whatever it means."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents.detectors.deviations import Deviation, deviation
from agents.detectors.robust import median
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.failing import (
    LEAST_ERRORS,
    MIN_SCORE,
    NOTHING_FAILS,
    USUAL_SHARE,
    failing,
)
from agents.specialists.metric_findings import about, metric_finding
from agents.specialists.reader import Reader, earliest_symptom
from telemetry.phrasing import quantity, ratio
from telemetry.types import ResourceRef, Semantic, Series

FEATURE = "series_anomaly"
UNIT = re.compile(r"_(seconds|bytes|total)$")
# So many times its usual level says how far a value went: less is seen from both, more says nothing.
LEAST_TIMES, MOST_TIMES = 1.1, 1000.0
# Whatever else is strange counts a little: one series may be a fluke, five are not.
REST_SHARE = 0.15
# An alert comes after its rule's pause and a scrape or two.
ALERT_DELAY_SECONDS = 120.0
HARM = re.compile(r"latency|duration|response_?time|elapsed|errors?|faults?|fail(ed|ures?)?", re.I)


@dataclass(frozen=True, slots=True)
class Strange:
    """One resource's strangest series, and how strange all of them are together."""

    series: Series
    found: Deviation
    weight: float
    count: int


def check_series(reader: Reader) -> Iterator[Finding]:
    """Report for each resource its strangest series; strength is relative to the strangest of all."""
    result = reader.every_series()
    strange = _by_resource(reader, result.data)
    most = max((s.weight for s in strange.values()), default=0.0)
    for _, found in sorted(strange.items(), key=lambda item: -item[1].weight):
        name, unit = _measure(found.series), found.series.ref.unit
        others = (
            f", and {found.count - 1} more of its series left theirs" if found.count > 1 else ""
        )
        at = about(found.series.times, found.found.onset)
        claim = (
            f"{name} of {_whose(found.series)} left its usual range at {at}: "
            f"{_reach(found.found)} {quantity(found.found.extreme, unit)}, "
            f"usually {quantity(found.found.baseline, unit)}{_times(found.found)}{others}."
        )
        yield metric_finding(
            reader, FEATURE, found.series, result, presence=Presence.PRESENT, claim=claim,
            magnitude=found.found.score, unit="sigma", strength=found.weight / most,
            onset=found.found.onset, ended=found.found.ended,
        )  # fmt: skip
    calm: dict[ResourceRef, Series] = {}
    for series in result.data:
        if series.ref.resource not in strange:
            calm.setdefault(series.ref.resource, series)
    for resource, series in calm.items():
        claim = f"No series of {resource.name} left its usual range."
        yield metric_finding(reader, FEATURE, series, result, presence=Presence.ABSENT, claim=claim)


def _measure(series: Series) -> str:
    """Return what a series measures in words, where that is known; else its name."""
    meaning = series.ref.semantic
    return UNIT.sub("", meaning.value).replace("_", " ") if meaning else series.ref.name


def _whose(series: Series) -> str:
    """Return whose series it is: that of a call is not its caller's own."""
    own, peer = series.ref.resource.name, series.ref.peer
    return f"{own} to {peer.name}" if peer else own


def _reach(found: Deviation) -> str:
    """Return on which side of the usual its farthest value lies."""
    return "up to" if found.extreme >= found.baseline else "down to"


def _times(found: Deviation) -> str:
    """Return how many times the usual level it reached, where that level is one to measure by."""
    away = found.extreme / found.baseline if found.baseline > 0 else 0.0
    return f" ({ratio(away)})" if LEAST_TIMES <= away <= MOST_TIMES else ""


def _by_resource(reader: Reader, every: tuple[Series, ...]) -> dict[ResourceRef, Strange]:
    scores: dict[ResourceRef, list[tuple[float, Series, Deviation]]] = {}
    end = reader.case.baseline.end.timestamp()
    began = earliest_symptom(reader.case).timestamp()
    calm = _calm_until(reader, every)
    for series in every:
        found = _deviation(series, end, began, calm)
        if found is not None and found.score >= MIN_SCORE:
            scores.setdefault(series.ref.resource, []).append((found.score, series, found))
    strange = {}
    usual = median(np.array([_count(one, end) for one in every], dtype=np.float64))
    fails = failing(reader, every)
    for resource, rows in scores.items():
        rows.sort(key=lambda row: -row[0])
        rest = sum(math.log1p(score) for score, *_ in rows[1:6])
        weight = math.log1p(rows[0][0]) + REST_SHARE * rest
        # Few samples where most series have many: few requests made it, and one may be a fluke.
        weight *= min(1.0, math.sqrt(_count(rows[0][1], end) / usual)) if usual else 1.0
        if fails.get(resource) is False:
            weight *= NOTHING_FAILS
        strange[resource] = Strange(rows[0][1], rows[0][2], weight, len(rows))
    return strange


def _deviation(series: Series, end: float, began: float, calm: float | None = None
               ) -> Deviation | None:  # fmt: skip
    is_error = series.ref.semantic is Semantic.ERROR_RATIO
    return deviation(
        series.times, series.values, baseline_end=end, since=began, calm_until=calm,
        is_harm_above=is_error or bool(HARM.search(series.ref.name)),
        floor=LEAST_ERRORS if is_error else 1e-9, reach_share=USUAL_SHARE if is_error else 1.0,
    )  # fmt: skip


def _calm_until(reader: Reader, every: tuple[Series, ...]) -> float:
    """Return until when there was no trouble, Unix seconds: the alert comes late, its series do not."""
    case = reader.case
    began, end = earliest_symptom(case).timestamp(), case.baseline.end.timestamp()
    symptoms = {s.resource for s in case.symptoms}
    moments = [began - ALERT_DELAY_SECONDS]
    for series in every:
        if series.ref.resource in symptoms:
            found = _deviation(series, end, began)
            if found is not None and found.score >= MIN_SCORE:
                moments.append(found.onset)
    return min(moments)


def _count(series: Series, since: float) -> int:
    return int(np.sum(~np.isnan(series.values) & (series.times >= since)))
