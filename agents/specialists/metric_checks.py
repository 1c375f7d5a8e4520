"""Looking for features in metrics: the declarative rules, and the few that need two series."""

from collections.abc import Iterator

import numpy as np

from agents.detectors.shifts import Shift, compare
from agents.detectors.trends import counter_increase, find_ramp
from agents.enums import AgentName, Presence
from agents.features import FEATURES, owned_by
from agents.findings import Finding
from agents.specialists.metric_rules import RULES, MetricRule, RuleShape
from agents.specialists.phrasing import clock, quantity, ratio
from agents.specialists.reader import Reader
from telemetry.results import QueryResult
from telemetry.types import Semantic, Series, TelemetryKind, utc

SAMPLE_POINTS = 120
EXTRA = {
    AgentName.NETWORK: (Semantic.REQUEST_RATE, Semantic.RETRY_RATE),
    AgentName.DATABASE: (Semantic.DB_CONNECTIONS_IN_USE, Semantic.DB_CONNECTIONS_MAX),
    AgentName.RESOURCE: (
        Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES,
        Semantic.REPLICAS_READY, Semantic.REPLICAS_DESIRED,
    ),
}  # fmt: skip


def rules_of(agent: AgentName) -> tuple[MetricRule, ...]:
    """Return the rules whose feature the agent owns."""
    owned = {spec.slug for spec in owned_by(agent)}
    return tuple(rule for rule in RULES if rule.feature in owned)


def semantics_of(agent: AgentName) -> tuple[Semantic, ...]:
    """Return every meaning the agent reads, once."""
    wanted = [rule.semantic for rule in rules_of(agent)] + list(EXTRA.get(agent, ()))
    return tuple(dict.fromkeys(wanted))


def check_metrics(reader: Reader) -> Iterator[Finding]:
    """Apply every rule of the agent to every series in scope. Yields PRESENT and ABSENT."""
    result = reader.metrics(semantics_of(reader.agent))
    by_semantic: dict[Semantic, list[Series]] = {}
    for series in result.data:
        if series.ref.semantic is not None:
            by_semantic.setdefault(series.ref.semantic, []).append(series)
    for rule in rules_of(reader.agent):
        for series in by_semantic.get(rule.semantic, []):
            if rule.semantic in EDGE_OR_OWN and (series.ref.peer is not None):
                continue
            finding = _apply(reader, rule, series, result)
            if finding is not None:
                yield finding
    if reader.agent is AgentName.NETWORK:
        yield from _retries(reader, by_semantic, result)
        yield from _outside_traffic(reader, by_semantic, result)
        yield from _recovery(reader, by_semantic, result)
    if reader.agent is AgentName.DATABASE:
        yield from _pools(reader, by_semantic, result)
    if reader.agent is AgentName.RESOURCE:
        yield from _memory_limits(reader, by_semantic, result)
        yield from _replicas(reader, by_semantic, result)


# A service's own view; its edges' view of the same comes from traces.
EDGE_OR_OWN = {Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO, Semantic.REQUEST_RATE}
Result = QueryResult[tuple[Series, ...]]


def sample_of(series: Series, unit: str) -> dict[str, object]:
    """Return at most 120 points, means over equal parts, JSON-able."""
    count = len(series.values)
    every = max(1, -(-count // SAMPLE_POINTS))
    starts = np.arange(0, count, every)
    times = series.times[starts]
    with np.errstate(invalid="ignore"):
        pieces = [series.values[s : s + every] for s in starts]
    values = [float(np.nanmean(p)) if not np.isnan(p).all() else float("nan") for p in pieces]
    return {
        "times": [round(float(t), 1) for t in times],
        "values": [None if np.isnan(v) else float(f"{v:.6g}") for v in values],
        "unit": unit,
        "series": series.ref.name,
    }


def metric_finding(
    reader: Reader, feature: str, series: Series, result: Result, *, presence: Presence,
    claim: str, magnitude: float | None = None, strength: float = 1.0, onset: float | None = None,
    unit: str = "", has_ended: bool = False,
) -> Finding:  # fmt: skip
    """Return a finding about one series."""
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=series.ref.resource,
        peer=series.ref.peer,
        presence=presence,
        kind=TelemetryKind.METRIC,
        claim=claim,
        provenance=result.provenance,
        magnitude=magnitude,
        unit=unit or series.ref.unit,
        strength=strength,
        onset_at=None if onset is None else utc(onset),
        sample=sample_of(series, series.ref.unit) if presence is Presence.PRESENT else {},
        has_ended=has_ended,
    )


def _apply(reader: Reader, rule: MetricRule, series: Series, result: Result) -> Finding | None:
    if rule.shape is RuleShape.RAMP:
        return _apply_ramp(reader, rule, series, result)
    if rule.shape is RuleShape.COUNT:
        return _apply_count(reader, rule, series, result)
    shift = compare(
        series.times, series.values, baseline_end=reader.case.baseline.end.timestamp(),
        falling=rule.falling,
    )  # fmt: skip
    if shift is None:
        return None
    if not is_beyond(rule, shift):
        return _absent(reader, rule.feature, series, result, shift)
    claim = rule.phrase.format(**_words(series, shift.baseline, shift.peak, shift.onset))
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=shift.peak if rule.shape is RuleShape.LEVEL else shift.ratio,
        strength=_strength(rule, shift), onset=shift.onset,
        unit=series.ref.unit if rule.shape is RuleShape.LEVEL else "x",
        has_ended=is_back(shift),
    )  # fmt: skip


def is_back(shift: Shift) -> bool:
    """Whether the end of the series lies in its normal band again, or nearly so."""
    way = abs(shift.peak - shift.baseline)
    return abs(shift.latest_score) < 4 or abs(shift.latest - shift.baseline) < 0.12 * way


def is_beyond(rule: MetricRule, shift: Shift) -> bool:
    if abs(shift.score) < rule.min_score:
        return False
    delta = shift.baseline - shift.peak if rule.falling else shift.peak - shift.baseline
    if delta < rule.min_delta:
        return False
    if rule.shape is RuleShape.LEVEL:
        return shift.peak <= rule.level if rule.falling else shift.peak >= rule.level
    return shift.ratio <= rule.min_ratio if rule.falling else shift.ratio >= rule.min_ratio


def _strength(rule: MetricRule, shift: Shift) -> float:
    """From 0.5 just over the threshold to 1 at three times it."""
    if rule.shape is RuleShape.LEVEL:
        over = (shift.peak - shift.baseline) / max(rule.min_delta, 1e-9) if rule.min_delta else 3.0
    else:
        over = (1 / max(shift.ratio, 1e-9) if rule.falling else shift.ratio) / max(
            1 / rule.min_ratio if rule.falling else rule.min_ratio, 1e-9
        )
    return float(np.clip(0.5 + 0.25 * (over - 1), 0.5, 1.0))


def _words(series: Series, base: float, peak: float, onset: float | None) -> dict[str, str]:
    unit = series.ref.unit
    times = peak / base if base else float("inf")
    return {
        "name": series.ref.resource.name,
        "peer": series.ref.peer.name if series.ref.peer else "its peers",
        "base": quantity(base, unit),
        "peak": quantity(peak, unit),
        "ratio": ratio(times),
        "at": clock(onset),
    }


def _absent(reader: Reader, feature: str, series: Series, result: Result, shift: Shift) -> Finding:
    peer = f" to {series.ref.peer.name}" if series.ref.peer else ""
    title = FEATURES[feature].title
    level = quantity(shift.peak, series.ref.unit)
    usual = quantity(shift.baseline, series.ref.unit)
    claim = (
        f"No sign of {title} on {series.ref.resource.name}{peer}: at most {level}, usually {usual}."
    )
    return metric_finding(reader, feature, series, result, presence=Presence.ABSENT, claim=claim)


def _apply_ramp(reader: Reader, rule: MetricRule, series: Series, result: Result) -> Finding | None:
    ramp = find_ramp(series.times, series.values, min_growth=rule.min_ratio)
    if ramp is None:
        if len(series.values) < 8:
            return None
        claim = f"Memory of {series.ref.resource.name} does not grow steadily."
        return metric_finding(
            reader, rule.feature, series, result, presence=Presence.ABSENT, claim=claim
        )
    claim = rule.phrase.format(**_words(series, ramp.start_level, ramp.end_level, ramp.onset))
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=ramp.end_level / max(ramp.start_level, 1e-9), unit="x",
        strength=min(1.0, ramp.rising_share), onset=ramp.onset,
    )  # fmt: skip


def _apply_count(reader: Reader, rule: MetricRule, series: Series, result: Result
                 ) -> Finding | None:  # fmt: skip
    inside = series.between(reader.case.window)
    increase = counter_increase(inside.values)
    name = series.ref.resource.name
    if increase < rule.level:
        claim = f"No restarts of {name} in the window."
        return metric_finding(
            reader, rule.feature, series, result, presence=Presence.ABSENT, claim=claim
        )
    onset = float(
        inside.times[int(np.argmax(np.diff(inside.values, prepend=inside.values[0]) > 0))]
    )
    claim = rule.phrase.format(**_words(series, 0.0, increase, onset))
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=increase, unit="count", strength=min(1.0, 0.5 + increase / 6), onset=onset,
    )  # fmt: skip


def _paired(
    by_semantic: dict[Semantic, list[Series]], first: Semantic, second: Semantic
) -> Iterator[tuple[Series, Series]]:
    others = {(s.ref.resource, s.ref.peer): s for s in by_semantic.get(second, [])}
    for series in by_semantic.get(first, []):
        other = others.get((series.ref.resource, series.ref.peer))
        if other is not None and len(other.values) == len(series.values):
            yield series, other


def _retries(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    for retries, total in _paired(by_semantic, Semantic.RETRY_RATE, Semantic.REQUEST_RATE):
        first = np.maximum(total.values - retries.values, 1e-9)
        amplified = Series(retries.ref, retries.times, retries.values / first)
        shift = compare(
            amplified.times, amplified.values, baseline_end=reader.case.baseline.end.timestamp()
        )
        if shift is None:
            continue
        words = _words(retries, shift.baseline, shift.peak, shift.onset)
        # One retry per call doubles the load of a failing callee; a storm does more than that.
        is_storm = shift.peak >= 1.3 and shift.score > 5
        claim = (
            f"{words['name']} sends {1 + shift.peak:.1f}x its requests to {words['peer']} through "
            f"retries since {words['at']}."
            if is_storm
            else f"Retries from {words['name']} to {words['peer']} add at most {shift.peak:.0%}."
        )
        yield metric_finding(
            reader, "retry_amplification", retries, result,
            presence=Presence.PRESENT if is_storm else Presence.ABSENT, claim=claim,
            magnitude=1 + shift.peak, unit="x", strength=min(1.0, shift.peak / 3),
            onset=shift.onset, has_ended=is_back(shift),
        )  # fmt: skip


def _outside_traffic(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    """A rise of traffic that its known callers do not explain comes from outside."""
    own = [s for s in by_semantic.get(Semantic.REQUEST_RATE, []) if s.ref.peer is None]
    edges = [s for s in by_semantic.get(Semantic.REQUEST_RATE, []) if s.ref.peer is not None]
    for series in own:
        outside = series.values.astype(float).copy()
        for edge in edges:
            if edge.ref.peer == series.ref.resource and len(edge.values) == len(outside):
                outside = outside - edge.values
        shift = compare(
            series.times, series.values, baseline_end=reader.case.baseline.end.timestamp()
        )
        rest = compare(
            series.times, np.maximum(outside, 0.0),
            baseline_end=reader.case.baseline.end.timestamp(),
        )  # fmt: skip
        if shift is None or rest is None:
            continue
        is_surge = (
            shift.ratio >= 1.6 and shift.score > 6
            and rest.peak - rest.baseline > 0.6 * (shift.peak - shift.baseline)
        )  # fmt: skip
        words = _words(series, shift.baseline, shift.peak, shift.onset)
        claim = (
            f"Requests to {words['name']} rose {words['ratio']} to {words['peak']} at "
            f"{words['at']}, more than its callers send."
            if is_surge
            else f"Traffic to {words['name']} from outside is as usual (at most {words['peak']})."
        )
        yield metric_finding(
            reader, "traffic_rise", series, result,
            presence=Presence.PRESENT if is_surge else Presence.ABSENT, claim=claim,
            magnitude=shift.ratio, unit="x", strength=min(1.0, shift.ratio / 3), onset=shift.onset,
            has_ended=is_back(shift),
        )  # fmt: skip


def _share_check(
    reader: Reader, feature: str, part: Series, whole: Series, result: Result, *, level: float,
    phrase: str, falling: bool = False, min_delta: float = 0.05,
) -> Finding | None:  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole.values > 0, part.values / whole.values, np.nan)
    shift = compare(
        part.times, share, baseline_end=reader.case.baseline.end.timestamp(), falling=falling
    )
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
        at=clock(shift.onset),
    )
    if not is_beyond:
        claim = (
            f"No sign of {FEATURES[feature].title} on {name}: {shift.peak:.0%} at the most "
            f"extreme, usually {shift.baseline:.0%}."
        )
    return metric_finding(
        reader, feature, part, result,
        presence=Presence.PRESENT if is_beyond else Presence.ABSENT, claim=claim,
        magnitude=shift.peak, unit="ratio", onset=shift.onset, has_ended=is_back(shift),
    )  # fmt: skip


def _pools(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.DB_CONNECTIONS_IN_USE, Semantic.DB_CONNECTIONS_MAX)
    for used, most in pairs:
        found = _share_check(
            reader, "pool_saturation", used, most, result, level=0.92,
            phrase="{name} uses {peak} of its connections to {peer} since {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _memory_limits(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES)
    for used, limit in pairs:
        found = _share_check(
            reader, "memory_near_limit", used, limit, result, level=0.88,
            phrase="Memory of {name} reached {peak} of its limit at {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _replicas(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    pairs = _paired(by_semantic, Semantic.REPLICAS_READY, Semantic.REPLICAS_DESIRED)
    for ready, desired in pairs:
        found = _share_check(
            reader, "replicas_missing", ready, desired, result, level=0.6, falling=True,
            phrase="Only {peak} of the replicas of {name} were ready from {at} (baseline {base}).",
        )  # fmt: skip
        if found:
            yield found


def _recovery(
    reader: Reader, by_semantic: dict[Semantic, list[Series]], result: Result
) -> Iterator[Finding]:
    """Say for each symptom whether latency and errors are back to normal."""
    wanted = (Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO)
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
                        baseline_end=reader.case.baseline.end.timestamp(),
                    )
                    if shift is not None:
                        judged.append((series, shift))
        if not judged:
            continue
        is_over = all(is_back(shift) for _, shift in judged)
        series, shift = max(judged, key=lambda item: item[1].score)
        level = quantity(shift.latest, series.ref.unit)
        claim = (
            f"The symptom on {symptom.resource.name} is over: {series.ref.name} is at {level} again."
            if is_over
            else f"The symptom on {symptom.resource.name} goes on: {series.ref.name} is at {level}, "
            f"usually {quantity(shift.baseline, series.ref.unit)}."
        )
        yield metric_finding(
            reader, "recovered", series, result,
            presence=Presence.PRESENT if is_over else Presence.ABSENT, claim=claim,
            magnitude=shift.latest,
        )  # fmt: skip
