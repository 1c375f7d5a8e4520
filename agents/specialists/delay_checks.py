"""Who delays: services that answer late of themselves, and nodes on which everything does.

Where neither round trips nor traces are measured, a slow network shows as time that neither the
service's own CPU nor anything that it calls accounts for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from agents.detectors.robust import median
from agents.detectors.shifts import is_enough
from agents.enums import AgentName, Presence
from agents.findings import Finding
from agents.specialists.failing import NOTHING_FAILS, failing
from agents.specialists.metric_checks import semantics_of
from agents.specialists.metric_findings import Result, metric_finding
from agents.specialists.reader import Reader, complains_of_errors, earliest_symptom
from telemetry.phrasing import duration
from telemetry.types import ResourceKind, ResourceRef, Semantic, Series

S = Semantic
MIN_SAMPLES = 4
MIN_RATIO = 2.0
MIN_ADDED_SECONDS = 0.02
# What callees are late accounts for as much of a caller's delay: all of those together whose
# answers are mostly late, or one whose slowest are as late as the caller mostly is.
TYPICAL_SHARE = 0.33
TAIL_SHARE = 0.5
NODE_SERVICES = 2
# A cluster always repeats some packets; so many a second, and so many times more, it does not.
MIN_RETRANSMITS = 1.0
RETRANSMIT_RATIO = 5.0
MIN_NODE_SECONDS = 0.1
TAIL_STRENGTH = 0.6
LEAST_CLEAR = 0.6
# Without a map what a service waits for may explain its lateness.
UNMAPPED_SHARE = 0.6
LAST_SAMPLES = 2
LEAST_STRENGTH = 0.15
# What one sample in ten shows anyway is no news; what one in fifty shows is.
OFTEN, SELDOM = 0.10, 0.02
# Four times the usual and a fifth of a second more is as late as need be.
FULL_WEIGHT = 1.5
# By so much less for every step after the symptom at which it began, down to this.
LATE_FALL, LEAST_IN_TIME, LEAST_STEP_SECONDS = 0.35, 0.3, 60.0
ALERT_TOLERANCE_SECONDS = 60.0
Z95_ONE_SIDED = 1.645
# Where errors alone are complained of, lateness is not what is complained of.
LATE_NOT_FAILING = 0.4


@dataclass(frozen=True, slots=True)
class Delay:
    """How much later one resource answers.

    Attributes:
        typical: Half of its answers, not only the slowest.
        onset: Unix seconds of the first sample that is half as late as most.
        has_ended: Its last samples are not late any more.
        usual_share: How many samples of the baseline were as late, 0..1, at the least.
    """

    series: Series
    usual_seconds: float
    now_seconds: float
    typical: bool
    onset: float
    has_ended: bool
    usual_share: float = 0.0

    @property
    def added_seconds(self) -> float:
        return self.now_seconds - self.usual_seconds

    @property
    def weight(self) -> float:
        """How telling: by order of magnitude in proportion and in time, a tail less."""
        ratio = self.now_seconds / max(self.usual_seconds, 1e-3)
        size = np.log10(max(ratio, 1.0)) + np.log10(1 + self.added_seconds / MIN_ADDED_SECONDS)
        return float(size) * (1.0 if self.typical else TAIL_STRENGTH)

    @property
    def clearness(self) -> float:
        """How far beyond the threshold: from 0.6 at twice the usual to 1 at four times.

        A tail counts less, and what the baseline knows as well.
        """
        over = self.now_seconds / max(self.usual_seconds, 1e-3) / MIN_RATIO
        size = float(np.clip(LEAST_CLEAR + (1 - LEAST_CLEAR) * (over - 1), LEAST_CLEAR, 1.0))
        news = float(np.clip((OFTEN - self.usual_share) / (OFTEN - SELDOM), 0.0, 1.0))
        return size * news * (1.0 if self.typical else TAIL_STRENGTH)


def check_delays(reader: Reader) -> Iterator[Finding]:
    """Report services whose lateness nothing they call explains, and nodes full of them."""
    result = reader.metrics(semantics_of(AgentName.NETWORK))
    is_measured = any(s.ref.semantic is S.NETWORK_RTT_SECONDS for s in result.data)
    if is_measured or reader.edges("window").data:
        return  # Round trips are measured, or traces tell whose time it is: nothing is inferred.
    delays = _delays(reader, result)
    # What is not ours has no pod of ours: that it is late says nothing of why.
    own = {
        r: d for r, d in delays.items()
        if r.kind is not ResourceKind.EXTERNAL and _unexplained(reader, r, d, delays) > 0
    }  # fmt: skip
    most = max(FULL_WEIGHT, *(d.weight for d in own.values())) if own else FULL_WEIGHT
    fails = failing(reader, result.data)
    share = LATE_NOT_FAILING if complains_of_errors(reader.case) else 1.0
    is_mapped = bool(reader.case.graph.edges)
    share *= 1.0 if is_mapped else UNMAPPED_SHARE
    because = "nothing it calls explains that" if is_mapped else "nobody knows what it calls"
    for resource, delay in sorted(own.items(), key=lambda item: -item[1].weight):
        calm = NOTHING_FAILS if fails.get(resource) is False else 1.0
        strength = (
            share * calm * _in_time(reader, delay) * delay.clearness
            * _unexplained(reader, resource, delay, delays) * delay.weight / most
        )  # fmt: skip
        if strength < LEAST_STRENGTH:
            continue  # Lateness of one kind or another is always somewhere.
        which = "half of its answers take" if delay.typical else "its slowest answers take"
        claim = (f"{resource.name}: {which} {duration(delay.now_seconds)}, usually "
                 f"{duration(delay.usual_seconds)}, and {because}.")  # fmt: skip
        yield _finding(reader, "own_delay", resource, delay, result, claim, strength)
    yield from _retransmits(reader, result)
    yield from _nodes(reader, delays, result)


def _in_time(reader: Reader, delay: Delay) -> float:
    """Return how much a delay counts by when it began: what comes after the symptom is no cause.

    Samples are stamped by the beginning or the end of what they measure: one of them is no time.
    """
    times = delay.series.times[~np.isnan(delay.series.values)]
    step = max(median(np.diff(times)), LEAST_STEP_SECONDS)
    late = delay.onset - earliest_symptom(reader.case).timestamp() - ALERT_TOLERANCE_SECONDS
    late_steps = late / step
    return float(np.clip(1 - LATE_FALL * late_steps, LEAST_IN_TIME, 1.0))


def _retransmits(reader: Reader, result: Result) -> Iterator[Finding]:
    """Report the node that repeats the most packets, if it repeats many more than before."""
    end = reader.case.baseline.end.timestamp()
    found: list[tuple[float, float, Series]] = []
    # A node that runs nothing of what is looked at repeats packets of others.
    used = {node for _, node in reader.case.graph.runs_on}
    for series in result.data:
        is_ours = not used or series.ref.resource in used
        if series.ref.semantic is S.NETWORK_RETRANSMIT_RATE and is_ours:
            known = ~np.isnan(series.values)
            before = series.values[known & (series.times < end)]
            after = series.values[known & (series.times >= end)]
            if len(before) >= MIN_SAMPLES and len(after) >= MIN_SAMPLES:
                # Lasting, not one burst: half of the samples are above the median.
                found.append((float(np.median(after)), float(np.mean(before)), series))
    now, usual, worst = max(found, default=(0.0, 0.0, None), key=lambda row: row[0] - row[1])
    if worst is None or now < MIN_RETRANSMITS or now < RETRANSMIT_RATIO * usual:
        return
    claim = (f"{worst.ref.resource.name} repeats {now:.2g} packets a second, usually "
             f"{usual:.2g}.")  # fmt: skip
    yield metric_finding(reader, "node_retransmits", worst, result, presence=Presence.PRESENT,
                         claim=claim, magnitude=now, unit="per_second")  # fmt: skip


def _nodes(reader: Reader, delays: Mapping[ResourceRef, Delay], result: Result
           ) -> Iterator[Finding]:  # fmt: skip
    """Report a node if all that is mostly late of itself runs there, and is not one behind another."""
    graph = reader.case.graph
    own = {r: d for r, d in delays.items() if d.typical and d.added_seconds >= MIN_NODE_SECONDS}
    late = [
        r for r, d in own.items()
        if sum(delays[c].added_seconds for c in graph.callees(r)
               if c in delays and delays[c].typical) < TYPICAL_SHARE * d.added_seconds
    ]  # fmt: skip
    apart = [r for r in late if not set(graph.callees(r)) & set(late)]
    places: dict[ResourceRef, set[ResourceRef]] = {}
    for placed, node in graph.runs_on:
        places.setdefault(placed, set()).add(node)
    common = set.intersection(*(places.get(r, set()) for r in apart)) if apart else set()
    if len(apart) < NODE_SERVICES or len(common) != 1:
        return
    node = common.pop()
    names = ", ".join(sorted(r.name for r in apart))
    claim = f"All that answers late of itself runs on {node.name}: {names}."
    worst = max((own[r] for r in apart), key=lambda d: d.weight)
    yield _finding(reader, "node_delay", node, worst, result, claim, 1.0)


def _delays(reader: Reader, result: Result) -> dict[ResourceRef, Delay]:
    found: dict[ResourceRef, Delay] = {}
    end = reader.case.baseline.end.timestamp()
    for semantic in (S.LATENCY_P50_SECONDS, S.LATENCY_P99_SECONDS):
        for series in result.data:
            ref = series.ref
            if ref.semantic is not semantic or ref.peer is not None or ref.resource in found:
                continue
            delay = _delay(series, end, semantic is S.LATENCY_P50_SECONDS)
            if delay is not None:
                found[ref.resource] = delay
    return found


def _delay(series: Series, end: float, typical: bool) -> Delay | None:
    values, times = series.values, series.times
    before = values[(times < end) & ~np.isnan(values)]
    after = values[(times >= end) & ~np.isnan(values)]
    # A service that nobody calls has no latency; some exporters write zero then.
    before, after = before[before > 0], after[after > 0]
    if len(before) < MIN_SAMPLES or not is_enough(times[values > 0], since=end):
        return None
    # What begins late in the window is told by its later half.
    later = after[len(after) // 2 :]
    usual, now = float(np.median(before)), float(max(np.median(after), np.median(later)))
    if now < MIN_RATIO * usual or now - usual < MIN_ADDED_SECONDS:
        return None
    is_out = after >= usual + (now - usual) / 2
    onset = float(times[(times >= end) & (values > 0)][int(np.argmax(is_out))])
    return Delay(
        series, usual, now, typical, onset, not is_out[-LAST_SAMPLES:].any(),
        _at_least(float(np.mean(before >= now)), len(before)),
    )  # fmt: skip


def _at_least(share: float, count: int) -> float:
    """Return what a share of so many is at the least, at 95 %."""
    return max(0.0, share - Z95_ONE_SIDED * float(np.sqrt(share * (1 - share) / count)))


def _unexplained(reader: Reader, resource: ResourceRef, delay: Delay,
                 delays: Mapping[ResourceRef, Delay]) -> float:  # fmt: skip
    """Return how much a delay counts beside those of what it calls, 0..1: whole up to half of enough."""
    called = [delays[c] for c in reader.case.graph.callees(resource) if c in delays]
    tails = max((d.added_seconds for d in called if not d.typical), default=0.0)
    mostly = sum(d.added_seconds for d in called if d.typical)
    enough = max(mostly / TYPICAL_SHARE, tails), max(tails, mostly) / TAIL_SHARE
    explained = enough[0] if delay.typical else enough[1]
    return float(np.clip(2 * (1 - explained / delay.added_seconds), 0.0, 1.0))


def _finding(reader: Reader, feature: str, resource: ResourceRef, delay: Delay, result: Result,
             claim: str, strength: float) -> Finding:  # fmt: skip
    found = metric_finding(
        reader, feature, delay.series, result, presence=Presence.PRESENT, claim=claim,
        magnitude=delay.added_seconds, unit="seconds", strength=strength, onset=delay.onset,
        has_ended=delay.has_ended,
    )  # fmt: skip
    return replace(found, resource=resource)
