"""Metrics, logs, traces and flows over plain values in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from telemetry.adapters.memory_base import MemoryData, MemoryPort, is_asked, keys_of
from telemetry.results import QueryResult
from telemetry.types import (
    COUNTERS,
    EdgeStats,
    FloatArray,
    LogLine,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    Span,
    TelemetryKind,
    TimeWindow,
)

SEVERITIES = ("trace", "debug", "info", "warning", "error", "fatal")


class MemoryMetrics(MemoryPort):
    """Time series."""

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        found = tuple(
            s.ref for s in self.data.series or []
            if is_asked(s.ref.resource, resources) and len(s.between(window).times)
        )  # fmt: skip
        question = f'series{{resource="{keys_of(resources)}"}}'
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
        by_pod: bool = False,
    ) -> QueryResult[tuple[Series, ...]]:
        known = self.data.pod_series if by_pod else self.data.series
        chosen = [
            s for s in known or []
            if s.ref.semantic in semantics and is_asked(s.ref.resource, resources)
        ]  # fmt: skip
        found = self._cut(chosen, window, step_seconds)
        question = f'metrics{{resource="{keys_of(resources)}"}} {",".join(semantics)} step={step_seconds:g}s'
        question += " by pod" if by_pod else ""
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
    """Return means over buckets when the samples are denser than the step, of counters the last."""
    if len(series.times) < 3 or np.median(np.diff(series.times)) >= step * 0.9:
        return series
    bucket = ((series.times - series.times[0]) // step).astype(int)
    starts = np.flatnonzero(np.diff(np.concatenate([[-1], bucket])))
    if series.ref.semantic in COUNTERS:
        last = np.append(starts[1:], len(bucket)) - 1
        return Series(series.ref, series.times[starts], series.values[last])
    known = ~np.isnan(series.values)
    sums = np.add.reduceat(np.where(known, series.values, 0.0), starts)
    counts = np.add.reduceat(known.astype(float), starts)
    means = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    return Series(series.ref, series.times[starts], means)


class MemoryLogs(MemoryPort):
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
            if window.contains(line.at) and is_asked(line.resource, resources)
            and _rank(line.severity) >= floor
        ]  # fmt: skip
        found.sort(key=lambda line: line.at)
        cut = max(0, len(found) - limit)
        if cut:
            found = [found[i] for i in np.linspace(0, len(found) - 1, limit).astype(int)]
        question = (
            f'logs{{resource="{keys_of(resources)}"}} level>={min_severity or "any"} limit={limit}'
        )
        return self.answer("logs", TelemetryKind.LOG, question, window, tuple(found),
                           is_missing=self.data.logs is None, is_empty=not found, cut=cut)  # fmt: skip


def _rank(severity: str) -> int:
    word = {"warn": "warning", "err": "error", "critical": "fatal"}.get(
        severity.lower(), severity.lower()
    )
    return SEVERITIES.index(word) if word in SEVERITIES else 2


def reduced_edges(samples: list[tuple[datetime, EdgeStats]], window: TimeWindow) -> list[EdgeStats]:
    """Return one edge of every pair over the window; a missing number stays missing (NaN)."""
    groups: dict[tuple[ResourceRef, ResourceRef], list[EdgeStats]] = {}
    for at, edge in samples:
        if window.contains(at):
            groups.setdefault((edge.caller, edge.callee), []).append(edge)
    return [
        EdgeStats(
            *pair,
            _reduced(np.mean, [e.request_rate for e in rows]),
            _reduced(np.mean, [e.error_ratio for e in rows]),
            _reduced(np.median, [e.latency_p50_seconds for e in rows]),
            _reduced(_high, [e.latency_p99_seconds for e in rows]),
        )
        for pair, rows in groups.items()
    ]


def _high(values: FloatArray) -> float:
    return float(np.quantile(values, 0.9))


def _reduced(reduce: Callable[[FloatArray], object], values: list[float]) -> float:
    known = np.array([v for v in values if not np.isnan(v)])
    return float(reduce(known)) if len(known) else float("nan")  # type: ignore[arg-type]


def called_edges(data: MemoryData, window: TimeWindow) -> list[EdgeStats]:
    """Return who called whom in the window: as recorded, or else counted from spans."""
    return reduced_edges(data.edges or [], window) or _counted(data.spans or [], window)


def _counted(every: list[Span], window: TimeWindow) -> list[EdgeStats]:
    spans = [s for s in every if window.contains(s.start)]
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


class MemoryTraces(MemoryPort):
    """Edges, as recorded or counted from spans; and spans."""

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        found = called_edges(self.data, window)
        kept = tuple(
            e for e in found if is_asked(e.caller, resources) or is_asked(e.callee, resources)
        )
        is_missing = self.data.edges is None and self.data.spans is None
        return self.answer("traces", TelemetryKind.TRACE, f'edges{{resource="{keys_of(resources)}"}}',
                           window, kept, is_missing=is_missing, is_empty=not kept)  # fmt: skip

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500,
        is_sample: bool = False,
    ) -> QueryResult[tuple[Span, ...]]:  # fmt: skip
        traces: dict[str, list[Span]] = {}
        for span in self.data.spans or []:
            if window.contains(span.start):
                traces.setdefault(span.trace_id, []).append(span)
        names = {r.name for r in resources}
        touching = [t for t in traces.values()
                    if not names or any(s.resource.name in names for s in t)]  # fmt: skip
        chosen = touching
        if is_sample:
            count = sum(map(len, touching))
            chosen = touching[:: max(1, -(-count // max(limit, 1)))]
        else:
            touching.sort(key=lambda t: -max(s.duration_seconds + 1000 * s.is_error for s in t))
        found: list[Span] = []
        for trace in chosen:
            if not found or len(found) + len(trace) <= limit:
                found += trace
        cut = sum(map(len, touching)) - len(found)
        return self.answer("traces", TelemetryKind.TRACE, f'spans{{resource="{keys_of(resources)}"}}',
                           window, tuple(found), is_missing=self.data.spans is None,
                           is_empty=not found, cut=cut)  # fmt: skip


class MemoryFlows(MemoryPort):
    """What the kernel saw of each edge."""

    def flows(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        found = tuple(
            e for e in reduced_edges(self.data.flows or [], window)
            if is_asked(e.caller, resources) or is_asked(e.callee, resources)
        )  # fmt: skip
        question = f'flows{{resource="{keys_of(resources)}"}}'
        return self.answer("flows", TelemetryKind.FLOW, question, window, found,
                           is_missing=self.data.flows is None, is_empty=not found)  # fmt: skip
