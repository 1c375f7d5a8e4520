"""Findings about one series: their sample, their words, and whether they are over."""

from dataclasses import replace

import numpy as np

from agents.detectors.shifts import Shift
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.reader import Reader
from telemetry.phrasing import clock, quantity, ratio
from telemetry.results import Provenance, QueryResult, finite, for_query
from telemetry.types import COUNTERS, FloatArray, Series, TelemetryKind, utc

SAMPLE_POINTS = 120
# Back is within so many sigmas of the usual, or so much of the way that it went.
BACK_SCORE, BACK_SHARE = 4.0, 0.12
SETTLED_SECONDS, SETTLED_SAMPLES = 60.0, 3
Result = QueryResult[tuple[Series, ...]]


def sample_of(series: Series, unit: str, *, since: float | None = None) -> dict[str, object]:
    """Return at most 120 points, means over parts (of a counter the last), each dated to its end.

    Dated to its beginning, a rise would show before what caused it.

    ``since``, Unix seconds: what came after is cut as finely as the half of the points allows, so
    that a short excursion after a long baseline still shows.
    """
    count = len(series.values)
    starts = _parts(series.times, since)
    times = series.times[np.append(starts[1:], count)[: len(starts)] - 1]
    known = ~np.isnan(series.values)
    if count:
        sums = np.add.reduceat(np.where(known, series.values, 0.0), starts)
        with np.errstate(invalid="ignore"):
            values = sums / np.add.reduceat(known.astype(float), starts)
        if series.ref.semantic in COUNTERS:
            values = series.values[np.append(starts[1:], count) - 1]
    else:
        values = series.values
    return {
        "times": np.round(times, 1).tolist(),
        "values": finite(_six_digits(values).tolist()),
        "unit": unit,
        "series": series.ref.name,
        "semantic": str(series.ref.semantic or ""),
    }


def _parts(times: FloatArray, since: float | None) -> np.ndarray:
    """Return where each part of a sample begins."""
    count = len(times)
    split = int(np.searchsorted(times, since)) if since is not None else 0
    if count <= SAMPLE_POINTS or not 0 < split < count:
        return np.arange(0, count, max(1, -(-count // SAMPLE_POINTS)))
    late = np.arange(split, count, -(-(count - split) // (SAMPLE_POINTS // 2)))
    early = np.arange(0, split, -(-split // (SAMPLE_POINTS - len(late))))
    return np.concatenate([early, late])


def _six_digits(values: FloatArray) -> FloatArray:
    """Return values to six significant digits, as nearly as decimal digits can be kept."""
    size = np.abs(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        places = 5 - np.floor(np.log10(np.where(size > 0, size, 1.0)))
    # By whole powers of ten only, up to 10 ** 22: those floating point holds exactly.
    places = np.clip(places, -22, 22)
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    rounded: FloatArray = np.round(values * up / down) / up * down
    return rounded


def metric_finding(
    reader: Reader, feature: str, series: Series, result: Result, *, presence: Presence,
    claim: str, magnitude: float | None = None, strength: float = 1.0, onset: float | None = None,
    unit: str = "", has_ended: bool = False, ended: float | None = None,
) -> Finding:  # fmt: skip
    """Return a finding about one series, with it. ``onset`` and ``ended`` are Unix seconds."""
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=series.ref.resource,
        peer=series.ref.peer,
        presence=presence,
        kind=TelemetryKind.METRIC,
        claim=claim,
        provenance=_provenance(series, result),
        magnitude=magnitude,
        unit=unit or series.ref.unit,
        strength=strength,
        onset_at=None if onset is None else utc(onset),
        sample=sample_of(series, series.ref.unit, since=reader.case.window.start.timestamp()),
        has_ended=has_ended,
        ended_at=None if ended is None else utc(ended),
    )


def share_of(part: Series, whole: Series) -> Series:
    """Return a series as a share of another, at the times of both; NaN where there is no whole."""
    if len(part.times) != len(whole.times):
        _, first, second = np.intersect1d(part.times, whole.times, return_indices=True)
        part = Series(part.ref, part.times[first], part.values[first])
        whole = Series(whole.ref, whole.times[second], whole.values[second])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole.values > 0, part.values / whole.values, np.nan)
    return Series(replace(part.ref, unit="ratio"), part.times, share)


def with_parts(finding: Finding, reader: Reader, result: Result, *parts: Series) -> Finding:
    """Return a finding with the series that its own was worked out from, and with their queries."""
    since = reader.case.window.start.timestamp()
    told: dict[str, object] = {}
    further: dict[str, Provenance] = {}
    for part in parts:
        sample = sample_of(part, part.ref.unit, since=since)
        told[part.ref.name] = {"values": sample["values"], "unit": sample["unit"]}
        source = _provenance(part, result)
        further[source.query] = source
    further.pop(finding.provenance.query, None)
    return replace(
        finding, sample={**finding.sample, "parts": told},
        extra_provenance=(*finding.extra_provenance, *further.values()),
    )  # fmt: skip


def _provenance(series: Series, result: Result) -> Provenance:
    """Return where the series came from: by its own query, where the answer combines several."""
    own = series.ref.query
    return for_query(result.provenance, own) if own else result.provenance


def is_back(shift: Shift) -> bool:
    """Whether the end of the series lies in its normal band again, or nearly so."""
    way = abs(shift.peak - shift.baseline)
    return (
        abs(shift.latest_score) < BACK_SCORE
        or abs(shift.latest - shift.baseline) < BACK_SHARE * way
    )


def has_settled(series: Series, shift: Shift, *, since: float) -> bool:
    """Whether enough samples say that a series is back: those of the last minute, or the last three.

    One or two that are back after others that were not may be chance. ``since``: Unix seconds; what
    lies before is the baseline.
    """
    inside = ~np.isnan(series.values) & (series.times >= since)
    times, values = series.times[inside], series.values[inside]
    if len(times) < SETTLED_SAMPLES:
        return False
    if np.sum(times >= times[-1] - SETTLED_SECONDS) >= SETTLED_SAMPLES:
        return True
    way = abs(shift.peak - shift.baseline)
    reach = max(BACK_SCORE * shift.spread, BACK_SHARE * way)
    return bool(np.all(np.abs(values[-SETTLED_SAMPLES:] - shift.baseline) < reach))


def size_of(shift: Shift, unit: str) -> tuple[float, str]:
    """Return how often the baseline the peak is, or the peak in its unit where that was zero."""
    times = shift.ratio
    return (times, "x") if np.isfinite(times) else (shift.peak, unit)


def words_of(series: Series, base: float, peak: float, onset: float | None) -> dict[str, str]:
    unit = series.ref.unit
    times = peak / base if base else float("inf")
    return {
        "name": series.ref.resource.name,
        "peer": series.ref.peer.name if series.ref.peer else "its peers",
        "base": quantity(base, unit),
        "peak": quantity(peak, unit),
        "ratio": ratio(times),
        "at": about(series.times, onset),
    }


def about(times: FloatArray, onset: float | None) -> str:
    """Return about when something began, and by how much the samples that tell it may be off.

    It may be so much earlier or later: a sample tells of the time since the one before it.
    """
    if onset is None or len(times) < 2:
        return clock(onset)
    return f"about {clock(onset)} ± {float(np.median(np.diff(times))):.3g} s"
