"""Every port over plain values in memory: the base of recordings, and the fake for tests.

A part that could not be read is named in ``problems``: its port then answers ERROR with that
sentence (a data gap), or PARTIAL when something of it was read.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from telemetry.errors import SourceUnavailable
from telemetry.ports import TelemetrySources
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
SEVERITIES = ("trace", "debug", "info", "warning", "error", "fatal")


@dataclass
class MemoryData:
    """What the ports answer from. None: nothing of that kind is there at all."""

    name: str = "memory"
    series: list[Series] | None = None
    logs: list[LogLine] | None = None
    spans: list[Span] | None = None
    edges: list[tuple[datetime, EdgeStats]] | None = None
    cluster: ClusterState | None = None
    changes: list[ChangeEvent] | None = None
    databases: list[DatabaseState] | None = None
    graph: TopologyGraph | None = None
    alerts: list[AlertFiring] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


@dataclass(slots=True)
class _Port:
    data: MemoryData

    @property
    def name(self) -> str:
        return self.data.name

    def answer(
        self, part: str, kind: TelemetryKind, question: str, window: TimeWindow, found: T, *,
        is_missing: bool, is_empty: bool, cut: int = 0,
    ) -> QueryResult[T]:  # fmt: skip
        if self.data.delay_seconds:
            time.sleep(self.data.delay_seconds)
        problem = self.data.problems.get(part, "")
        if is_missing:
            raise SourceUnavailable(problem or f"there are no {part} in {self.data.name}")
        provenance = Provenance(
            source=self.data.name,
            kind=kind,
            query=f"{self.data.name} {question}",
            window=window,
            fetched_at=datetime.now(UTC),
            truncated_count=cut,
        )
        status = ResultStatus.NO_DATA if is_empty else ResultStatus.OK
        if problem or cut:
            status = ResultStatus.PARTIAL
        return QueryResult(status, found, provenance, problem)


def _keys(resources: Sequence[ResourceRef]) -> str:
    return ",".join(r.name for r in resources) or "*"


def _is_asked(resource: ResourceRef, resources: Sequence[ResourceRef]) -> bool:
    return not resources or resource in resources or resource.name in {r.name for r in resources}


class MemoryMetrics(_Port):
    """Time series."""

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        found = tuple(
            s.ref for s in self.data.series or []
            if _is_asked(s.ref.resource, resources) and len(s.between(window).times)
        )  # fmt: skip
        question = f'series{{resource="{_keys(resources)}"}}'
        return self.answer("metrics", TelemetryKind.METRIC, question, window, found,
                           is_missing=self.data.series is None, is_empty=not found)  # fmt: skip

    def read(
        self, refs: Sequence[SeriesRef], window: TimeWindow, *, step_seconds: float
    ) -> QueryResult[tuple[Series, ...]]:
        wanted = set(refs)
        found = self._cut(
            [s for s in self.data.series or [] if s.ref in wanted], window, step_seconds
        )
        names = ",".join(sorted({r.name for r in refs}))
        question = f'read{{name="{names}"}} step={step_seconds:g}s'
        return self.answer("metrics", TelemetryKind.METRIC, question, window, found,
                           is_missing=self.data.series is None, is_empty=not found)  # fmt: skip

    def read_semantic(
        self,
        resources: Sequence[ResourceRef],
        semantics: Sequence[Semantic],
        window: TimeWindow,
        *,
        step_seconds: float,
    ) -> QueryResult[tuple[Series, ...]]:
        chosen = [
            s for s in self.data.series or []
            if s.ref.semantic in semantics and _is_asked(s.ref.resource, resources)
        ]  # fmt: skip
        found = self._cut(chosen, window, step_seconds)
        question = (
            f'metrics{{resource="{_keys(resources)}"}} {",".join(semantics)} step={step_seconds:g}s'
        )
        return self.answer("metrics", TelemetryKind.METRIC, question, window, found,
                           is_missing=self.data.series is None, is_empty=not found)  # fmt: skip

    def _cut(self, series: list[Series], window: TimeWindow, step: float) -> tuple[Series, ...]:
        found = []
        for one in series:
            part = one.between(window)
            if len(part.times):
                found.append(_thinned(part, step))
        return tuple(found)


def _thinned(series: Series, step: float) -> Series:
    """Return means over buckets when the samples are denser than the step."""
    if len(series.times) < 3 or np.median(np.diff(series.times)) >= step * 0.9:
        return series
    bucket = ((series.times - series.times[0]) // step).astype(int)
    starts = np.flatnonzero(np.diff(np.concatenate([[-1], bucket])))
    sizes = np.diff(np.append(starts, len(bucket)))
    means = np.add.reduceat(series.values, starts) / sizes
    return Series(series.ref, series.times[starts], means)


class MemoryLogs(_Port):
    """Log lines."""

    def lines(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        *,
        limit: int = 2000,
        min_severity: str = "",
    ) -> QueryResult[tuple[LogLine, ...]]:
        floor = SEVERITIES.index(min_severity) if min_severity in SEVERITIES else 0
        found = [
            line for line in self.data.logs or []
            if window.contains(line.at) and _is_asked(line.resource, resources)
            and _rank(line.severity) >= floor
        ]  # fmt: skip
        cut = max(0, len(found) - limit)
        if cut:
            found = [found[i] for i in np.linspace(0, len(found) - 1, limit).astype(int)]
        question = (
            f'logs{{resource="{_keys(resources)}"}} level>={min_severity or "any"} limit={limit}'
        )
        return self.answer("logs", TelemetryKind.LOG, question, window, tuple(found),
                           is_missing=self.data.logs is None, is_empty=not found, cut=cut)  # fmt: skip


def _rank(severity: str) -> int:
    word = {"warn": "warning", "err": "error", "critical": "fatal"}.get(
        severity.lower(), severity.lower()
    )
    return SEVERITIES.index(word) if word in SEVERITIES else 2


class MemoryTraces(_Port):
    """Edges, as recorded or counted from spans; and spans."""

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        found = self._recorded(window) or self._counted(window)
        kept = tuple(
            e for e in found if _is_asked(e.caller, resources) or _is_asked(e.callee, resources)
        )
        is_missing = self.data.edges is None and self.data.spans is None
        return self.answer("traces", TelemetryKind.TRACE, f'edges{{resource="{_keys(resources)}"}}',
                           window, kept, is_missing=is_missing, is_empty=not kept)  # fmt: skip

    def _recorded(self, window: TimeWindow) -> list[EdgeStats]:
        groups: dict[tuple[ResourceRef, ResourceRef], list[EdgeStats]] = {}
        for at, edge in self.data.edges or []:
            if window.contains(at):
                groups.setdefault((edge.caller, edge.callee), []).append(edge)
        return [
            EdgeStats(
                *pair,
                float(np.mean([e.request_rate for e in rows])),
                float(np.mean([e.error_ratio for e in rows])),
                float(np.median([e.latency_p50_seconds for e in rows])),
                float(np.quantile([e.latency_p99_seconds for e in rows], 0.9)),
            )
            for pair, rows in groups.items()
        ]

    def _counted(self, window: TimeWindow) -> list[EdgeStats]:
        spans = [s for s in self.data.spans or [] if window.contains(s.start)]
        by_id = {(s.trace_id, s.span_id): s for s in spans}
        groups: dict[tuple[ResourceRef, ResourceRef], list[Span]] = {}
        for span in spans:
            parent = by_id.get((span.trace_id, span.parent_id))
            if parent is not None and parent.resource != span.resource:
                groups.setdefault((parent.resource, span.resource), []).append(span)
        seconds = window.duration.total_seconds()
        return [
            EdgeStats(
                *pair,
                len(rows) / seconds,
                float(np.mean([s.is_error for s in rows])),
                float(np.median([s.duration_seconds for s in rows])),
                float(np.quantile([s.duration_seconds for s in rows], 0.99)),
            )
            for pair, rows in groups.items()
        ]

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500
    ) -> QueryResult[tuple[Span, ...]]:
        traces: dict[str, list[Span]] = {}
        for span in self.data.spans or []:
            if window.contains(span.start):
                traces.setdefault(span.trace_id, []).append(span)
        touching = [t for t in traces.values() if any(_is_asked(s.resource, resources) for s in t)]
        touching.sort(key=lambda t: -max(s.duration_seconds + 1000 * s.is_error for s in t))
        found: list[Span] = []
        for trace in touching:
            if len(found) + len(trace) > limit:
                break
            found += trace
        cut = sum(map(len, touching)) - len(found)
        return self.answer("traces", TelemetryKind.TRACE, f'spans{{resource="{_keys(resources)}"}}',
                           window, tuple(found), is_missing=self.data.spans is None,
                           is_empty=not found, cut=cut)  # fmt: skip


class MemoryCluster(_Port):
    """Cluster state."""

    def state(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[ClusterState]:
        whole = self.data.cluster or ClusterState()
        names = {r.name for r in resources}
        found = ClusterState(
            pods=tuple(
                p for p in whole.pods if not names or p.workload in names or p.name in names
            ),
            workloads=tuple(w for w in whole.workloads if _is_asked(w.resource, resources)),
            nodes=whole.nodes,
            events=tuple(e for e in whole.events if window.contains(e.at)),
            objects=whole.objects,
        )
        is_empty = not (found.pods or found.workloads or found.nodes)
        question = f'cluster{{resource="{_keys(resources)}"}}'
        return self.answer("cluster state", TelemetryKind.CLUSTER, question, window, found,
                           is_missing=self.data.cluster is None, is_empty=is_empty)  # fmt: skip


class MemoryChanges(_Port):
    """Changes."""

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        found = tuple(
            c for c in sorted(self.data.changes or [], key=lambda c: c.at)
            if window.contains(c.at) and _is_asked(c.resource, resources)
        )  # fmt: skip
        question = f'changes{{resource="{_keys(resources)}"}}'
        return self.answer("changes", TelemetryKind.CHANGE, question, window, found,
                           is_missing=self.data.changes is None, is_empty=not found)  # fmt: skip


class MemoryDatabases(_Port):
    """Databases' own view."""

    def inspect(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[DatabaseState, ...]]:
        found = tuple(
            d for d in sorted(self.data.databases or [], key=lambda d: d.at)
            if _is_asked(d.resource, resources) and d.at < window.end
        )  # fmt: skip
        question = f'databases{{resource="{_keys(resources)}"}}'
        return self.answer("database state", TelemetryKind.DATABASE, question, window, found,
                           is_missing=self.data.databases is None, is_empty=not found)  # fmt: skip


class MemoryTopology(_Port):
    """The graph."""

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        found = self.data.graph or TopologyGraph()
        return self.answer("topology", TelemetryKind.TOPOLOGY, "topology", window, found,
                           is_missing=self.data.graph is None, is_empty=not found.resources)  # fmt: skip


class MemoryAlerts(_Port):
    """Alerts."""

    def alerts(self, window: TimeWindow) -> QueryResult[tuple[AlertFiring, ...]]:
        found = tuple(
            a for a in sorted(self.data.alerts, key=lambda a: a.starts_at)
            if window.contains(a.starts_at)
        )  # fmt: skip
        return self.answer("alerts", TelemetryKind.METRIC, "alerts", window, found,
                           is_missing=False, is_empty=not found)  # fmt: skip


def open_memory_sources(data: MemoryData) -> TelemetrySources:
    """Return every port over the data."""
    return TelemetrySources(
        metrics=MemoryMetrics(data),
        logs=MemoryLogs(data),
        traces=MemoryTraces(data),
        cluster=MemoryCluster(data),
        changes=MemoryChanges(data),
        database=MemoryDatabases(data),
        topology=MemoryTopology(data),
        alerts=MemoryAlerts(data),
    )
