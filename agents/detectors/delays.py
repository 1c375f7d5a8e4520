"""Where requests lose time, against fault-free ones: in a service itself, or on the way to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.detectors.contrast import evidence_of_difference
from agents.detectors.segments import Segment
from telemetry.types import FloatArray, ResourceRef

MIN_USUAL, MIN_NOW = 4, 3
# Slow is beyond twice the usual, beyond the usual tail by half, and by more than this.
LEAST_SECONDS = 0.005
# A process that is starved is slow to send and to receive too: so much of a slow way is its own.
OWN_SHARE = 0.2
MIN_EVIDENCE = 1.3
LATE_SHARE, MIN_LATE = 0.5, 3


@dataclass(frozen=True, slots=True)
class Delay:
    """How much longer something takes.

    Attributes:
        callers: For a way: who sees it, the most delayed first; empty for a service itself.
        added_seconds: By how much a request is slower on average, the slow ones alone counted.
        usual_seconds: Median of fault-free requests; ``now_seconds`` of the slow ones.
        slow, count: Requests that were slow, of how many; ``usual_slow`` of ``usual_count``.
        evidence: Nats by which the shares of slow requests differ.
        first_at: Unix seconds of the first slow one, or None.
        goes_on: In the last third of the requests at least half as many are slow as in all.
    """

    resource: ResourceRef
    operation: str
    added_seconds: float
    usual_seconds: float
    now_seconds: float
    slow: int
    count: int
    usual_slow: int
    usual_count: int
    evidence: float
    first_at: float | None
    goes_on: bool = False
    callers: tuple[ResourceRef, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether more requests are slow than chance explains."""
        return self.evidence >= MIN_EVIDENCE and self.added_seconds > 0


@dataclass(slots=True)
class _Tally:
    added: float = 0.0
    slow: int = 0
    count: int = 0
    usual_slow: int = 0
    usual_count: int = 0
    worst: float = -1.0
    operation: str = ""
    usual_seconds: float = 0.0
    now_seconds: float = 0.0
    first_at: float | None = None
    goes_on: bool = False
    callers: dict[ResourceRef, float] = field(default_factory=dict)

    def take(self, name: str, usual: FloatArray, now: FloatArray, at: FloatArray) -> float:
        """Count one operation in; return what it adds to all requests together, in seconds."""
        middle = float(np.median(usual))
        limit = max(2 * middle, 1.5 * float(np.quantile(usual, 0.9))) + LEAST_SECONDS
        is_slow = now > limit
        added, slow_share = float(np.sum(now[is_slow] - middle)), float(is_slow.mean())
        self.added += added
        self.slow += int(is_slow.sum())
        self.count += len(now)
        self.usual_slow += int((usual > limit).sum())
        self.usual_count += len(usual)
        if is_slow.any():
            first = float(at[is_slow].min())
            self.first_at = first if self.first_at is None else min(self.first_at, first)
            late = at >= np.quantile(at, 2 / 3)
            is_still = float(is_slow[late].mean()) >= LATE_SHARE * slow_share
            self.goes_on = self.goes_on or (is_still and int(late.sum()) >= MIN_LATE)
        if added > self.worst:
            self.worst, self.operation, self.usual_seconds = added, name, middle
            self.now_seconds = float(np.median(now[is_slow])) if is_slow.any() else middle
        return added

    def fold(self, other: "_Tally") -> None:
        """Take over what another tally found."""
        self.added += other.added
        self.slow += other.slow
        self.usual_slow += other.usual_slow
        self.usual_count += other.usual_count
        self.count += other.count

    def delay(self, resource: ResourceRef, requests: int) -> Delay:
        more = self.slow / self.count > self.usual_slow / self.usual_count
        evidence = evidence_of_difference(
            self.slow, self.count, self.usual_slow, self.usual_count
        ) if more else 0.0  # fmt: skip
        callers = sorted(self.callers, key=lambda r: (-self.callers[r], r))
        return Delay(
            resource, self.operation, self.added / max(requests, 1), self.usual_seconds,
            self.now_seconds, self.slow, self.count, self.usual_slow, self.usual_count, evidence,
            self.first_at, self.goes_on, tuple(callers),
        )  # fmt: skip


Times = dict[tuple[ResourceRef, str], list[tuple[float, float]]]
Edge = tuple[ResourceRef, ResourceRef]


def find_delays(
    usual: Sequence[Segment], now: Sequence[Segment]
) -> tuple[list[Delay], list[Delay]]:
    """Return how much longer each service takes by itself, and the way to each, most first.

    What could be compared and is as usual is in the lists too, with little or no evidence.

    Args:
        usual: Segments of fault-free traces.
        now: Segments of the time in question.
    """
    own: dict[ResourceRef, _Tally] = defaultdict(_Tally)
    before, after = _own_times(usual), _own_times(now)
    for (resource, operation), found in sorted(after.items()):
        _take(own[resource], operation, before.get((resource, operation), []), found)
    requests = {resource: tally.count for resource, tally in own.items()}
    alone = {r: t.delay(r, t.count) for r, t in own.items() if t.count and t.usual_count}
    ways: dict[ResourceRef, _Tally] = defaultdict(_Tally)
    was, is_now = _ways(usual), _ways(now)
    for (caller, callee), found in sorted(is_now.items()):
        tally = _Tally()
        _take(tally, caller.name, was.get((caller, callee), []), found)
        if not tally.count:
            continue
        guilty = _starved_end((caller, callee), tally, alone)
        if guilty is not None:
            own[guilty].fold(tally)
            continue
        whole = ways[callee]
        worst = max(whole.worst, tally.worst)
        added = _take(whole, caller.name, was[caller, callee], found)
        whole.worst = worst
        whole.callers[caller] = added
    selves = [t.delay(r, requests[r]) for r, t in own.items() if t.count and t.usual_count]
    paths = [t.delay(r, t.count) for r, t in ways.items() if t.count and t.usual_count]
    order = lambda d: (-d.added_seconds, d.resource)  # noqa: E731  # used twice
    return sorted(selves, key=order), sorted(paths, key=order)


def _starved_end(edge: Edge, way: _Tally, own: dict[ResourceRef, Delay]) -> ResourceRef | None:
    """Return which end of a slow way is itself so slow that it explains the way."""
    added = way.added / way.count
    ends = [
        own[end] for end in edge
        if end in own and own[end].is_clear and own[end].added_seconds >= OWN_SHARE * added > 0
    ]  # fmt: skip
    return max(ends, key=lambda d: d.added_seconds).resource if ends else None


def _take(
    tally: _Tally, name: str, usual: list[tuple[float, float]], now: list[tuple[float, float]]
) -> float:
    if len(usual) < MIN_USUAL or len(now) < MIN_NOW:
        return 0.0
    before = np.array([seconds for _, seconds in usual])
    after = np.array([seconds for _, seconds in now])
    return tally.take(name, before, after, np.array([at for at, _ in now]))


def _own_times(segments: Iterable[Segment]) -> Times:
    found: Times = defaultdict(list)
    for segment in segments:
        found[segment.key].append((segment.start, segment.own_seconds))
    return found


def _ways(segments: Iterable[Segment]) -> dict[Edge, list[tuple[float, float]]]:
    found: dict[Edge, list[tuple[float, float]]] = defaultdict(list)
    for segment in segments:
        for call in segment.calls:
            if call.way_seconds is not None:
                found[segment.resource, call.callee].append((segment.start, call.way_seconds))
    return found


def usual_request_seconds(segments: Sequence[Segment]) -> float:
    """Return the median duration of the requests that began the traces, 0 without any."""
    called = {id(child) for segment in segments for child in segment.children}
    whole = [s.end - s.start for s in segments if id(s) not in called]
    return float(np.median(whole)) if whole else 0.0
