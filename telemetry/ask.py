"""Asking safely: no source can raise into an agent, hang it, or be forgotten when it is missing.

``guarded`` wraps every port. An adapter's error, an unreadable answer, or no answer within the
deadline becomes an ERROR result with a sentence; so does a port that nothing is connected to.
"""

import concurrent.futures
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from telemetry.errors import (
    NotAuthorised,
    QueryRejected,
    QueryTimeout,
    SourceUnavailable,
    TelemetryError,
)
from telemetry.ports import (
    AlertFeed,
    ChangeFeed,
    ClusterReader,
    DatabaseInspector,
    FlowSource,
    LogSource,
    MetricSource,
    TelemetrySources,
    TopologySource,
    TraceSource,
)
from telemetry.redaction import redact
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ClusterState,
    DatabaseState,
    EdgeStats,
    LogLine,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    Span,
    TelemetryKind,
    TimeWindow,
    TopologyGraph,
)

T = TypeVar("T")
MAX_MESSAGE = 300
OnQuery = Callable[[QueryResult[object]], None]
DEFAULT_DEADLINE_SECONDS = 8.0
# Unanswered queries that one source may hold at once; the others keep theirs.
MAX_PENDING_PER_SOURCE = 16
# Threads that wait for the next query; more than that end with theirs.
MAX_IDLE = 16
Job = tuple[str, Callable[[], Any], "concurrent.futures.Future[Any]"]


class _Pool:
    """Threads for queries, used again. One that hangs is left behind; each source has its limit."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: threads do not survive a fork, nor does a lock that one of them held."""
        self._lock = threading.Lock()
        self._pending: Counter[str] = Counter()
        self._idle: list[queue.SimpleQueue[Job]] = []

    def run(self, source: str, work: Callable[[], T], deadline_seconds: float) -> T:
        with self._lock:
            if self._pending[source] >= MAX_PENDING_PER_SOURCE:
                raise SourceUnavailable("too many earlier queries have not come back")
            self._pending[source] += 1
            jobs = self._idle.pop() if self._idle else None
        if jobs is None:
            jobs = queue.SimpleQueue()
            name = "telemetry-query"
            threading.Thread(target=self._serve, args=(jobs,), name=name, daemon=True).start()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        jobs.put((source, work, future))
        try:
            error = future.exception(timeout=deadline_seconds)
        except concurrent.futures.TimeoutError:
            raise QueryTimeout(f"no answer within {deadline_seconds:g} s") from None
        if error is None or isinstance(error, TelemetryError) or not isinstance(error, Exception):
            return future.result()
        raise QueryRejected(f"unreadable answer ({type(error).__name__}: {error})") from error

    def _serve(self, jobs: "queue.SimpleQueue[Job]") -> None:
        while self._answer(jobs, *jobs.get()):
            pass

    def _answer(
        self, jobs: "queue.SimpleQueue[Job]", source: str, work: Callable[[], Any],
        future: concurrent.futures.Future[Any],
    ) -> bool:  # fmt: skip
        """Do one job; return whether its thread waits for another. Nothing of it is held on to."""
        found, error = None, None
        try:
            found = work()
        except BaseException as raised:  # noqa: BLE001  # carried over to the asking thread
            error = raised
        with self._lock:
            self._pending[source] -= 1
            is_kept = len(self._idle) < MAX_IDLE
            if is_kept:
                self._idle.append(jobs)
        if error is None:
            future.set_result(found)
        else:
            future.set_exception(error)
        return is_kept


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.forget)


@dataclass(frozen=True, slots=True)
class _Guard:
    port: str
    name: str
    deadline_seconds: float
    on_query: OnQuery | None

    def run(
        self,
        kind: TelemetryKind,
        question: str,
        window: TimeWindow,
        empty: T,
        work: Callable[[], QueryResult[T]] | None,
    ) -> QueryResult[T]:
        began = time.monotonic()
        try:
            if work is None:
                raise SourceUnavailable(f"no {self.port} source is connected")
            result = _pool.run(self.name, work, self.deadline_seconds)
        except TelemetryError as error:
            provenance = Provenance(
                source=self.name,
                kind=kind,
                query=question,
                window=window,
                fetched_at=datetime.now(UTC),
                duration_seconds=time.monotonic() - began,
            )
            message = redact(str(error), limit=MAX_MESSAGE)
            result = QueryResult(
                ResultStatus.ERROR, empty, provenance, message, error.retryable,
                isinstance(error, NotAuthorised),
            )  # fmt: skip
        if self.on_query is not None:
            self.on_query(result)  # type: ignore[arg-type]  # the hook reads status and provenance
        return result


def _keys(resources: Sequence[ResourceRef]) -> str:
    return ",".join(str(r) for r in resources[:8]) or "everything"


@dataclass(frozen=True, slots=True)
class GuardedMetrics:
    source: MetricSource | None
    guard: _Guard

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        source = self.source
        work = (lambda: source.catalogue(resources, window)) if source else None
        return self.guard.run(
            TelemetryKind.METRIC, f"series of {_keys(resources)}", window, (), work
        )

    def read(
        self, refs: Sequence[SeriesRef], window: TimeWindow, *, step_seconds: float
    ) -> QueryResult[tuple[Series, ...]]:
        source = self.source
        work = (lambda: source.read(refs, window, step_seconds=step_seconds)) if source else None
        return self.guard.run(TelemetryKind.METRIC, f"read {len(refs)} series", window, (), work)

    def read_semantic(
        self,
        resources: Sequence[ResourceRef],
        semantics: Sequence[Semantic],
        window: TimeWindow,
        *,
        step_seconds: float,
        by_pod: bool = False,
    ) -> QueryResult[tuple[Series, ...]]:
        source = self.source
        work = (
            (
                lambda: source.read_semantic(
                    resources, semantics, window, step_seconds=step_seconds, by_pod=by_pod
                )
            )
            if source
            else None
        )
        text = f"{','.join(semantics)} of {_keys(resources)}"
        return self.guard.run(TelemetryKind.METRIC, text, window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedLogs:
    source: LogSource | None
    guard: _Guard

    def lines(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        *,
        limit: int = 2000,
        min_severity: str = "",
    ) -> QueryResult[tuple[LogLine, ...]]:
        source = self.source
        work = (
            (lambda: source.lines(resources, window, limit=limit, min_severity=min_severity))
            if source
            else None
        )
        return self.guard.run(TelemetryKind.LOG, f"logs of {_keys(resources)}", window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedTraces:
    source: TraceSource | None
    guard: _Guard

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        source = self.source
        work = (lambda: source.edges(resources, window)) if source else None
        return self.guard.run(TelemetryKind.TRACE, f"edges of {_keys(resources)}", window, (), work)

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500,
        is_sample: bool = False,
    ) -> QueryResult[tuple[Span, ...]]:  # fmt: skip
        source = self.source
        work = (
            (lambda: source.spans(resources, window, limit=limit, is_sample=is_sample))
            if source
            else None
        )
        return self.guard.run(TelemetryKind.TRACE, f"spans of {_keys(resources)}", window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedCluster:
    source: ClusterReader | None
    guard: _Guard

    def state(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[ClusterState]:
        source = self.source
        work = (lambda: source.state(resources, window)) if source else None
        text = f"cluster state of {_keys(resources)}"
        return self.guard.run(TelemetryKind.CLUSTER, text, window, ClusterState(), work)


@dataclass(frozen=True, slots=True)
class GuardedChanges:
    source: ChangeFeed | None
    guard: _Guard

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        source = self.source
        work = (lambda: source.changes(resources, window)) if source else None
        text = f"changes of {_keys(resources)}"
        return self.guard.run(TelemetryKind.CHANGE, text, window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedDatabase:
    source: DatabaseInspector | None
    guard: _Guard

    def inspect(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[DatabaseState, ...]]:
        source = self.source
        work = (lambda: source.inspect(resources, window)) if source else None
        text = f"database state of {_keys(resources)}"
        return self.guard.run(TelemetryKind.DATABASE, text, window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedFlows:
    source: FlowSource | None
    guard: _Guard

    def flows(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        source = self.source
        work = (lambda: source.flows(resources, window)) if source else None
        return self.guard.run(TelemetryKind.FLOW, f"flows of {_keys(resources)}", window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedTopology:
    source: TopologySource | None
    guard: _Guard

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        source = self.source
        work = (lambda: source.graph(window)) if source else None
        return self.guard.run(TelemetryKind.TOPOLOGY, "topology", window, TopologyGraph(), work)


@dataclass(frozen=True, slots=True)
class GuardedAlerts:
    source: AlertFeed | None
    guard: _Guard

    def alerts(self, window: TimeWindow) -> QueryResult[tuple[AlertFiring, ...]]:
        source = self.source
        work = (lambda: source.alerts(window)) if source else None
        return self.guard.run(TelemetryKind.METRIC, "firing alerts", window, (), work)


@dataclass(frozen=True, slots=True)
class GuardedSources:
    """Every port, never None, never raising, never slower than its deadline."""

    metrics: GuardedMetrics
    logs: GuardedLogs
    traces: GuardedTraces
    cluster: GuardedCluster
    changes: GuardedChanges
    database: GuardedDatabase
    flows: GuardedFlows
    topology: GuardedTopology
    alerts: GuardedAlerts

    @property
    def connected(self) -> tuple[str, ...]:
        """Names of the ports that something is connected to."""
        return tuple(n for n in self.__slots__ if getattr(self, n).source is not None)


def guarded(
    sources: TelemetrySources,
    *,
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
    on_query: OnQuery | None = None,
) -> GuardedSources:
    """Wrap sources so that asking them is safe.

    Args:
        sources: What is connected; None in a field answers ERROR.
        deadline_seconds: How long the caller waits for one query. The query itself is left to end.
        on_query: Sees every result, in the caller's thread (budgets). What it raises is not caught.
    """

    def guard(port: object, what: str) -> _Guard:
        name = getattr(port, "name", what) if port else what
        return _Guard(what, name, deadline_seconds, on_query)

    return GuardedSources(
        metrics=GuardedMetrics(sources.metrics, guard(sources.metrics, "metric")),
        logs=GuardedLogs(sources.logs, guard(sources.logs, "log")),
        traces=GuardedTraces(sources.traces, guard(sources.traces, "trace")),
        cluster=GuardedCluster(sources.cluster, guard(sources.cluster, "cluster")),
        changes=GuardedChanges(sources.changes, guard(sources.changes, "change")),
        database=GuardedDatabase(sources.database, guard(sources.database, "database")),
        flows=GuardedFlows(sources.flows, guard(sources.flows, "flow")),
        topology=GuardedTopology(sources.topology, guard(sources.topology, "topology")),
        alerts=GuardedAlerts(sources.alerts, guard(sources.alerts, "alert")),
    )
