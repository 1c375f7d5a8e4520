"""Looking for features in metrics: the declarative rules, and the few that need two series."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from agents.case import Case
from agents.detectors.robust import median
from agents.detectors.shifts import SMOOTHING, Shift, compare
from agents.detectors.trends import counter_increase, find_ramp
from agents.enums import AgentName, Presence
from agents.features import FEATURES, owned_by
from agents.findings import Finding
from agents.specialists.failing import NOTHING_FAILS, failing
from agents.specialists.metric_findings import Result, is_back, metric_finding, size_of, words_of
from agents.specialists.metric_rules import RULES, MetricRule, RuleShape
from agents.specialists.paired_checks import check_pairs
from agents.specialists.reader import Reader, earliest_symptom
from telemetry.phrasing import quantity
from telemetry.types import Semantic, Series

EXTRA = {
    AgentName.NETWORK: (
        Semantic.REQUEST_RATE, Semantic.RETRY_RATE, Semantic.LATENCY_P50_SECONDS,
        Semantic.NETWORK_RETRANSMIT_RATE,
    ),
    AgentName.DATABASE: (Semantic.DB_CONNECTIONS_IN_USE, Semantic.DB_CONNECTIONS_MAX),
    AgentName.RESOURCE: (
        Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES,
        Semantic.REPLICAS_READY, Semantic.REPLICAS_DESIRED,
    ),
}  # fmt: skip


COARSE_SECONDS = 30.0
LATE = "latency_rise"


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
    fails = failing(reader, by_semantic.get(Semantic.ERROR_RATIO, ()))
    for rule in rules_of(reader.agent):
        for finding in _apply_all(reader, rule, by_semantic.get(rule.semantic, ()), result):
            is_calm = fails.get(finding.resource) is False and finding.feature == LATE
            if is_calm and finding.presence is Presence.PRESENT:
                finding = replace(finding, strength=NOTHING_FAILS * finding.strength)
            yield finding
    yield from check_pairs(reader, by_semantic, result)


def check_complaints(case: Case, agent: AgentName) -> Iterator[Finding]:
    """Apply the agent's rules to what is complained of alone: a query that answers at once.

    Yields what `check_metrics` yields of the same series, if it is PRESENT; nothing where the
    complaint names no series that the agent reads, or the source does not answer.
    """
    for symptom in case.symptoms:
        rules = [r for r in rules_of(agent) if r.semantic is symptom.semantic]
        if not rules or symptom.resource not in case.affected:
            continue
        reader = Reader(replace(case, affected=(symptom.resource,), memo={}), agent)
        result = reader.metrics([rules[0].semantic])
        for rule in rules:
            for finding in _apply_all(reader, rule, result.data, result):
                if finding.presence is Presence.PRESENT:
                    yield finding


def _apply_all(
    reader: Reader, rule: MetricRule, every: Iterable[Series], result: Result
) -> Iterator[Finding]:
    for series in every:
        if rule.semantic in EDGE_OR_OWN and series.ref.peer is not None:
            continue
        finding = _apply(reader, rule, series, result)
        if finding is not None:
            yield finding


# A service's own view; its edges' view of the same comes from traces.
EDGE_OR_OWN = {Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO, Semantic.REQUEST_RATE}


def _apply(reader: Reader, rule: MetricRule, series: Series, result: Result) -> Finding | None:
    if rule.shape is RuleShape.RAMP:
        return _apply_ramp(reader, rule, series, result)
    if rule.shape is RuleShape.COUNT:
        return _apply_count(reader, rule, series, result)
    shift = compare(
        series.times, series.values, baseline_end=reader.case.baseline.end.timestamp(),
        falling=rule.falling, since=earliest_symptom(reader.case).timestamp(),
        smoothing=smoothing_of(rule, series),
    )  # fmt: skip
    if shift is None:
        return None
    if not is_beyond(rule, shift):
        return _absent(reader, rule.feature, series, result, shift)
    claim = rule.phrase.format(**words_of(series, shift.baseline, shift.peak, shift.onset))
    level = (shift.peak, series.ref.unit)
    magnitude, unit = level if rule.shape is RuleShape.LEVEL else size_of(shift, series.ref.unit)
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=magnitude, strength=_strength(rule, shift), onset=shift.onset, unit=unit,
        has_ended=is_back(shift), ended=shift.ended,
    )  # fmt: skip


def smoothing_of(rule: MetricRule, series: Series) -> int:
    """Return over how many samples a level is taken: a minute's share of CPU is a mean already."""
    is_mean = rule.semantic is Semantic.CPU_UTILISATION_RATIO and len(series.times) > 1
    return 1 if is_mean and median(np.diff(series.times)) >= COARSE_SECONDS else SMOOTHING


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


def _absent(reader: Reader, feature: str, series: Series, result: Result, shift: Shift) -> Finding:
    peer = f" to {series.ref.peer.name}" if series.ref.peer else ""
    title = FEATURES[feature].title
    level = quantity(shift.peak, series.ref.unit)
    usual = quantity(shift.baseline, series.ref.unit)
    claim = (
        f"Not seen on {series.ref.resource.name}{peer}: {title}; at most {level}, usually {usual}."
    )
    return metric_finding(reader, feature, series, result, presence=Presence.ABSENT, claim=claim)


def _apply_ramp(reader: Reader, rule: MetricRule, series: Series, result: Result) -> Finding | None:
    ramp = find_ramp(series.times, series.values, min_growth=rule.min_ratio)
    if ramp is None:
        # Pods that are killed at different times hide each other's growth in the whole.
        by_pod = _pods_that_grow(reader, rule, series)
        if by_pod is not None:
            return by_pod
        if len(series.values) < 8:
            return None
        claim = f"Memory of {series.ref.resource.name} does not grow steadily."
        return metric_finding(
            reader, rule.feature, series, result, presence=Presence.ABSENT, claim=claim
        )
    claim = rule.phrase.format(**words_of(series, ramp.start_level, ramp.end_level, ramp.onset))
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=ramp.end_level / max(ramp.start_level, 1e-9), unit="x",
        strength=min(1.0, ramp.rising_share), onset=ramp.onset, ended=ramp.ended,
    )  # fmt: skip


def _pods_that_grow(reader: Reader, rule: MetricRule, whole: Series) -> Finding | None:
    """Return the growth of single pods, told by the one that grew most; None where none grows."""
    result = reader.by_pod((rule.semantic,))
    pods = [s for s in result.data if s.ref.resource == whole.ref.resource]
    ramps = [(ramp, pod) for pod in pods
             if (ramp := find_ramp(pod.times, pod.values, min_growth=rule.min_ratio))]  # fmt: skip
    if not ramps:
        return None
    ramp, pod = max(ramps, key=lambda found: found[0].end_level - found[0].start_level)
    words = words_of(pod, ramp.start_level, ramp.end_level, ramp.onset)
    claim = (
        f"Memory of {len(ramps)} of {len(pods)} pods of {words['name']} grew steadily, at the most "
        f"from {words['base']} to {words['peak']} since {words['at']}."
    )
    return metric_finding(
        reader, rule.feature, pod, result, presence=Presence.PRESENT, claim=claim,
        magnitude=ramp.end_level / max(ramp.start_level, 1e-9), unit="x",
        strength=min(1.0, ramp.rising_share), onset=ramp.onset, ended=ramp.ended,
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
    claim = rule.phrase.format(**words_of(series, 0.0, increase, onset))
    return metric_finding(
        reader, rule.feature, series, result, presence=Presence.PRESENT, claim=f"{claim}.",
        magnitude=increase, unit="count", strength=min(1.0, 0.5 + increase / 6), onset=onset,
    )  # fmt: skip
