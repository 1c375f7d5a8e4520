"""Looking at every series of every resource: what is strange, whatever it means."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from agents.detectors.deviations import Deviation, deviation
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.metric_findings import metric_finding
from agents.specialists.reader import Reader, earliest_symptom
from telemetry.phrasing import clock, quantity
from telemetry.types import ResourceRef, Series

FEATURE = "series_anomaly"
# Among hundreds of series some lie a few sigmas out at any time.
MIN_SCORE = 8.0
# Whatever else is strange counts a little: one series may be a fluke, five are not.
REST_SHARE = 0.15


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
    for resource, found in sorted(strange.items(), key=lambda item: -item[1].weight):
        name, unit = found.series.ref.name, found.series.ref.unit
        others = (
            f", and {found.count - 1} more of its series left theirs" if found.count > 1 else ""
        )
        claim = (
            f"{name} of {resource.name} left its usual range at {clock(found.found.onset)}: "
            f"{quantity(found.found.extreme, unit)}, usually {quantity(found.found.baseline, unit)} "
            f"({found.found.score:.0f} sigma){others}."
        )
        yield metric_finding(
            reader, FEATURE, found.series, result, presence=Presence.PRESENT, claim=claim,
            magnitude=found.found.score, unit="sigma", strength=found.weight / most,
            onset=found.found.onset, ended=found.found.ended,
        )  # fmt: skip
    for resource in {s.ref.resource for s in result.data} - set(strange):
        series = next(s for s in result.data if s.ref.resource == resource)
        claim = f"No series of {resource.name} left its usual range."
        yield metric_finding(reader, FEATURE, series, result, presence=Presence.ABSENT, claim=claim)


def _by_resource(reader: Reader, every: tuple[Series, ...]) -> dict[ResourceRef, Strange]:
    scores: dict[ResourceRef, list[tuple[float, Series, Deviation]]] = {}
    end = reader.case.baseline.end.timestamp()
    began = earliest_symptom(reader.case).timestamp()
    for series in every:
        found = deviation(series.times, series.values, baseline_end=end, since=began)
        if found is not None and found.score >= MIN_SCORE:
            scores.setdefault(series.ref.resource, []).append((found.score, series, found))
    strange = {}
    for resource, rows in scores.items():
        rows.sort(key=lambda row: -row[0])
        rest = sum(math.log1p(score) for score, *_ in rows[1:6])
        weight = math.log1p(rows[0][0]) + REST_SHARE * rest
        strange[resource] = Strange(rows[0][1], rows[0][2], weight, len(rows))
    return strange
