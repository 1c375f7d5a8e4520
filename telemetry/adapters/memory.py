"""Every port over plain values in memory: the base of recordings, and the fake for tests.

A part that could not be read is named in ``problems``: its port then answers ERROR with that
sentence (a data gap), or PARTIAL when something of it was read.
"""

from collections.abc import Sequence

from telemetry.adapters.memory_base import PARTS, MemoryData, MemoryPort, is_asked, keys_of
from telemetry.adapters.memory_signals import (
    MemoryFlows,
    MemoryLogs,
    MemoryMetrics,
    MemoryTraces,
    called_edges,
)
from telemetry.ports import TelemetrySources
from telemetry.results import QueryResult
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ClusterState,
    DatabaseState,
    ResourceKind,
    ResourceRef,
    TelemetryKind,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)

__all__ = ["PARTS", "MemoryData", "open_memory_sources"]
# Nobody owns these alone, so their events are always told.
SHARED = {ResourceKind.NODE, ResourceKind.NAMESPACE, ResourceKind.EXTERNAL}


class MemoryCluster(MemoryPort):
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
            workloads=tuple(w for w in whole.workloads if is_asked(w.resource, resources)),
            nodes=whole.nodes,
            events=tuple(
                e for e in sorted(whole.events, key=lambda e: e.at)
                if window.contains(e.at)
                and (e.resource.kind in SHARED or is_asked(e.resource, resources))
            ),
            objects=whole.objects,
            details=whole.details,
        )  # fmt: skip
        is_empty = not (found.pods or found.workloads or found.nodes)
        question = f'cluster{{resource="{keys_of(resources)}"}}'
        return self.answer("cluster state", TelemetryKind.CLUSTER, question, window, found,
                           is_missing=self.data.cluster is None, is_empty=is_empty)  # fmt: skip


class MemoryChanges(MemoryPort):
    """Changes."""

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        found = tuple(
            c for c in sorted(self.data.changes or [], key=lambda c: c.at)
            if window.contains(c.at) and is_asked(c.resource, resources)
        )  # fmt: skip
        question = f'changes{{resource="{keys_of(resources)}"}}'
        return self.answer("changes", TelemetryKind.CHANGE, question, window, found,
                           is_missing=self.data.changes is None, is_empty=not found)  # fmt: skip


class MemoryDatabases(MemoryPort):
    """Databases' own view."""

    def inspect(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[DatabaseState, ...]]:
        asked = [d for d in self.data.databases or [] if is_asked(d.resource, resources)]
        before = {d.resource: d for d in sorted(asked, key=lambda d: d.at) if d.at < window.start}
        within = [d for d in asked if window.contains(d.at)]
        found = tuple(sorted((*before.values(), *within), key=lambda d: d.at))
        question = f'databases{{resource="{keys_of(resources)}"}}'
        return self.answer("database state", TelemetryKind.DATABASE, question, window, found,
                           is_missing=self.data.databases is None, is_empty=not found)  # fmt: skip


class MemoryTopology(MemoryPort):
    """The graph: as it was declared, or else who called whom in the window's traces."""

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        found = self.data.graph or self._traced(window)
        has_traces = self.data.spans is not None or self.data.edges is not None
        return self.answer("topology", TelemetryKind.TOPOLOGY, "topology", window, found,
                           is_missing=self.data.graph is None and not has_traces,
                           is_empty=not found.resources)  # fmt: skip

    def _traced(self, window: TimeWindow) -> TopologyGraph:
        pairs = sorted((e.caller, e.callee) for e in called_edges(self.data, window))
        return TopologyGraph(
            tuple(sorted({end for pair in pairs for end in pair})),
            tuple(TopologyEdge(*pair) for pair in pairs),
        )


class MemoryAlerts(MemoryPort):
    """Alerts."""

    def alerts(self, window: TimeWindow) -> QueryResult[tuple[AlertFiring, ...]]:
        found = tuple(
            a for a in sorted(self.data.alerts, key=lambda a: a.starts_at)
            if window.contains(a.starts_at)
        )  # fmt: skip
        return self.answer("alerts", TelemetryKind.METRIC, "alerts", window, found,
                           is_missing=not self.data.alerts and "alerts" in self.data.problems,
                           is_empty=not found)  # fmt: skip


def open_memory_sources(data: MemoryData) -> TelemetrySources:
    """Return every port over the data."""
    return TelemetrySources(
        metrics=MemoryMetrics(data),
        logs=MemoryLogs(data),
        traces=MemoryTraces(data),
        cluster=MemoryCluster(data),
        changes=MemoryChanges(data),
        database=MemoryDatabases(data),
        flows=MemoryFlows(data) if data.flows is not None else None,
        topology=MemoryTopology(data),
        alerts=MemoryAlerts(data),
    )
