"""Looking for features that show in two series at once, or in how a symptom ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from agents.detectors.robust import median
from agents.detectors.shifts import Shift, compare
from agents.enums import AgentName, Presence
from agents.features import FEATURES
from agents.findings import Finding
from agents.specialists.metric_findings import (
    Result,
    about,
    has_settled,
    is_back,
    metric_finding,
    share_of,
    size_of,
    with_parts,
    words_of,
)
from agents.specialists.reader import Reader, earliest_symptom
from agents.specialists.trace_checks import still_going
from telemetry.phrasing import quantity
from telemetry.types import Semantic, Series

# A symptom that has only just begun is not over because the newest samples still look normal.
RECOVERY_SECONDS = 60.0
OUT_SCORE = 4.0
SURGE_RATIO, SURGE_SCORE, LASTING_SECONDS = 1.6, 6.0, 60.0
BySemantic = dict[Semantic, list[Series]]


def check_pairs(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    """Run the agent's checks of two series."""
    if reader.agent is AgentName.NETWORK:
        yield from _retries(reader, by_semantic, result)
        yield from _outside_traffic(reader, by_semantic, result)
        yield from _recovery(reader, by_semantic, result)
    elif reader.agent is AgentName.DATABASE:
        yield from _pools(reader, by_semantic, result)
    elif reader.agent is AgentName.RESOURCE:
        yield from _memory_limits(reader, by_semantic, result)
        yield from _replicas(reader, by_semantic, result)


def _paired(
    by_semantic: BySemantic, first: Semantic, second: Semantic
) -> Iterator[tuple[Series, Series]]:
    others = {(s.ref.resource, s.ref.peer): s for s in by_semantic.get(second, [])}
    for series in by_semantic.get(first, []):
        other = others.get((series.ref.resource, series.ref.peer))
        if other is not None and len(other.values) == len(series.values):
            yield series, other


def _retries(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    began = earliest_symptom(reader.case).timestamp()
    for retries, total in _paired(by_semantic, Semantic.RETRY_RATE, Semantic.REQUEST_RATE):
        first = np.maximum(total.values - retries.values, 1e-9)
        amplified = Series(retries.ref, retries.times, retries.values / first)
        shift = compare(
            amplified.times, amplified.values,
            baseline_end=reader.case.baseline.end.timestamp(), since=began,
        )  # fmt: skip
        if shift is None:
            continue
        words = words_of(retries, shift.baseline, shift.peak, shift.onset)
        # One retry per call doubles the load of a failing callee; a storm does more than that.
        is_storm = shift.peak >= 1.3 and shift.score > 5
        claim = (
            f"{words['name']} sends {1 + shift.peak:.1f}x its requests to {words['peer']} through "
            f"retries since {words['at']}."
            if is_storm
            else f"Retries from {words['name']} to {words['peer']} add at most {shift.peak:.0%}."
        )
        found = metric_finding(
            reader, "retry_amplification", retries, result,
            presence=Presence.PRESENT if is_storm else Presence.ABSENT, claim=claim,
            magnitude=1 + shift.peak, unit="x", strength=min(1.0, shift.peak / 3),
            onset=shift.onset, has_ended=is_back(shift), ended=shift.ended,
        )  # fmt: skip
        yield with_parts(found, reader, result, retries, total)


def _outside_traffic(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    """A rise of traffic that its known callers do not explain comes from outside."""
    own = [s for s in by_semantic.get(Semantic.REQUEST_RATE, []) if s.ref.peer is None]
    edges = [s for s in by_semantic.get(Semantic.REQUEST_RATE, []) if s.ref.peer is not None]
    measured = {edge.ref.peer for edge in edges}
    began = earliest_symptom(reader.case).timestamp()
    for series in own:
        if series.ref.resource not in measured and reader.case.graph.callers(series.ref.resource):
            continue  # What its callers send is not known: nothing can be said of the outside.
        outside, has_callers = series.values.astype(float).copy(), False
        for edge in edges:
            if edge.ref.peer == series.ref.resource and len(edge.values) == len(outside):
                outside, has_callers = outside - edge.values, True
        base = reader.case.baseline.end.timestamp()
        shift = compare(series.times, series.values, baseline_end=base, since=began)
        rest = compare(series.times, np.maximum(outside, 0.0), baseline_end=base, since=began)
        if shift is None or rest is None:
            continue
        times_usual = _lasting_ratio(series, shift)
        is_surge = (
            times_usual >= SURGE_RATIO and shift.score > SURGE_SCORE
            and rest.peak - rest.baseline > 0.6 * (shift.peak - shift.baseline)
        )  # fmt: skip
        words = words_of(series, shift.baseline, shift.peak, shift.onset)
        claim = (
            f"Requests to {words['name']} rose from {words['base']} to {words['peak']} "
            f"({words['ratio']}) at {words['at']}, more than its callers send."
            if is_surge
            else _no_surge(series, shift, rest, times_usual)
        )
        magnitude, unit = size_of(shift, series.ref.unit)
        found = metric_finding(
            reader, "traffic_rise", series, result,
            presence=Presence.PRESENT if is_surge else Presence.ABSENT, claim=claim,
            magnitude=magnitude, unit=unit, strength=min(1.0, times_usual / 3), onset=shift.onset,
            has_ended=is_back(shift), ended=shift.ended,
        )  # fmt: skip
        ref = replace(series.ref, name=f"{series.ref.name} from outside")
        inflow = Series(ref, series.times, np.maximum(outside, 0.0))
        yield with_parts(found, reader, result, inflow) if has_callers else found


def _no_surge(series: Series, shift: Shift, rest: Shift, times_usual: float) -> str:
    """Return why there is no surge from outside: nothing rose, not for long, or callers sent it."""
    words = words_of(series, shift.baseline, shift.peak, shift.onset)
    if shift.ratio < SURGE_RATIO or shift.score <= SURGE_SCORE:
        return (
            f"No surge of traffic to {words['name']}: at most {words['peak']}, usually "
            f"{words['base']}."
        )
    rose = f"Requests to {words['name']} rose from {words['base']} to {words['peak']}"
    if times_usual < SURGE_RATIO:
        return f"{rose}, but not for long: no lasting surge."
    return (
        f"{rose}, most of it sent by its callers: from outside at most "
        f"{quantity(rest.peak, series.ref.unit)}, usually {quantity(rest.baseline, series.ref.unit)}."
    )


def _lasting_ratio(series: Series, shift: Shift) -> float:
    """Return how many times the usual level a rise holds: half of its samples lie above.

    A burst of seconds, of a service that few ask, is chance and no load.
    """
    if shift.onset is None:
        return 1.0
    over = shift.ended is not None and shift.ended < shift.onset + LASTING_SECONDS
    until = shift.ended if shift.ended is not None and not over else np.inf
    inside = (series.times >= shift.onset) & (series.times <= until) & ~np.isnan(series.values)
    level = median(series.values[inside])
    if shift.baseline <= 0:
        return shift.ratio if level > 0 else 1.0
    return min(shift.ratio, level / shift.baseline)


def _share_check(
    reader: Reader, feature: str, part: Series, whole: Series, result: Result, *, level: float,
    phrase: str, falling: bool = False, min_delta: float = 0.05,
) -> Finding | None:  # fmt: skip
    share = share_of(part, whole)
    shift = compare(
        share.times, share.values, baseline_end=reader.case.baseline.end.timestamp(), falling=falling,
        since=earliest_symptom(reader.case).timestamp(),
    )  # fmt: skip
    if shift is None:
        return None
    is_beyond = shift.peak <= level if falling else shift.peak >= level
    is_beyond = is_beyond and abs(shift.peak - shift.baseline) >= min_delta
    name, peer = part.ref.resource.name, part.ref.peer.name if part.ref.peer else ""
    claim = phrase.format(
        name=name,
        peer=peer,
        peak=f"{shift.peak:.0%}",
        base=f"{shift.baseline:.0%}",
        at=about(part.times, shift.onset),
    )
    if not is_beyond:
        claim = (
            f"Not seen on {name}: {FEATURES[feature].title}; {shift.peak:.0%} at the most "
            f"extreme, usually {shift.baseline:.0%}."
        )
    found = metric_finding(
        reader, feature, share, result,
        presence=Presence.PRESENT if is_beyond else Presence.ABSENT, claim=claim,
        magnitude=shift.peak, unit="ratio", onset=shift.onset, has_ended=is_back(shift), ended=shift.ended,
    )  # fmt: skip
    found = replace(found, sample={**found.sample, "of": whole.ref.name})
    return with_parts(found, reader, result, part, whole)


def _pools(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.DB_CONNECTIONS_IN_USE, Semantic.DB_CONNECTIONS_MAX)
    for used, most in pairs:
        found = _share_check(
            reader, "pool_saturation", used, most, result, level=0.92,
            phrase="{name} uses {peak} of its connections to {peer} since {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _memory_limits(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES)
    for used, limit in pairs:
        found = _share_check(
            reader, "memory_near_limit", used, limit, result, level=0.88,
            phrase="Memory of {name} reached {peak} of its limit at {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _replicas(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.REPLICAS_READY, Semantic.REPLICAS_DESIRED)
    for ready, desired in pairs:
        found = _share_check(
            reader, "replicas_missing", ready, desired, result, level=0.6, falling=True,
            phrase="Only {peak} of the replicas of {name} were ready from {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _reaches(series: Series, began: datetime) -> bool:
    """Whether a series goes on for long enough after the symptom to tell that it is over."""
    known = series.times[~np.isnan(series.values)]
    return bool(len(known)) and known[-1] >= began.timestamp() + RECOVERY_SECONDS


def _recovery(reader: Reader, by_semantic: BySemantic, result: Result) -> Iterator[Finding]:
    """Say for each symptom whether latency and errors are back to normal."""
    wanted = (Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO)
    end = reader.case.baseline.end.timestamp()
    for symptom in reader.case.symptoms:
        if symptom.semantic is not None and symptom.semantic not in wanted:
            continue
        judged: list[tuple[Series, Shift]] = []
        for semantic in wanted:
            for series in by_semantic.get(semantic, []):
                if series.ref.resource == symptom.resource and series.ref.peer is None:
                    shift = compare(
                        series.times,
                        series.values,
                        baseline_end=end,
                    )
                    if shift is not None and _reaches(series, symptom.started_at):
                        judged.append((series, shift))
        # Of an alert that does not say what it measures, series that were never out tell nothing.
        if symptom.semantic is None:
            judged = judged if any(abs(s.score) >= OUT_SCORE for _, s in judged) else []
        if not judged:
            continue
        is_back_now = all(is_back(shift) for _, shift in judged)
        if is_back_now and not all(has_settled(s, shift, since=end) for s, shift in judged):
            continue  # Too few samples to tell an end from a pause.
        troubled = still_going(reader) if is_back_now else ""
        is_over = is_back_now and not troubled
        series, shift = max(
            judged, key=lambda item: (item[0].ref.semantic is symptom.semantic, item[1].score)
        )
        level = quantity(shift.latest, series.ref.unit)
        meaning = series.ref.semantic.value if series.ref.semantic else series.ref.name
        name = meaning.removesuffix("_seconds").replace("_", " ")
        claim = (
            f"The symptom on {symptom.resource.name} is over: {name} is at {level} again."
            if is_over
            else f"{name} of {symptom.resource.name} is at {level} again, but requests "
            f"are still in trouble at {troubled}."
            if troubled
            else f"The symptom on {symptom.resource.name} goes on: {name} is at {level}, "
            f"usually {quantity(shift.baseline, series.ref.unit)}."
        )
        yield metric_finding(
            reader, "recovered", series, result,
            presence=Presence.PRESENT if is_over else Presence.ABSENT, claim=claim,
            magnitude=shift.latest,
        )  # fmt: skip
