"""Read-only ports. A specialist knows these and nothing of what stands behind them.

Every method answers within ``deadline_seconds`` of the source's configuration, never raises a
:class:`telemetry.errors.TelemetryError` (``telemetry.ask`` wraps adapters), is safe to retry, and
changes nothing. An empty ``resources`` asks about everything the source knows, up to its caps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from telemetry.results import QueryResult
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
    TimeWindow,
    TopologyGraph,
)


class MetricSource(Protocol):
    """Time series. Units are those of :class:`telemetry.types.SeriesRef`."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        """List the series that exist for the resources in the window, semantic or not."""
        ...

    def read(
        self, refs: Sequence[SeriesRef], window: TimeWindow, *, step_seconds: float
    ) -> QueryResult[tuple[Series, ...]]:
        """Read series from the catalogue. A series with no sample in the window is left out."""
        ...

    def read_semantic(
        self,
        resources: Sequence[ResourceRef],
        semantics: Sequence[Semantic],
        window: TimeWindow,
        *,
        step_seconds: float,
        by_pod: bool = False,
    ) -> QueryResult[tuple[Series, ...]]:
        """Read every series of these meanings of these resources, edges included, in one call.

        ``by_pod``: one series per pod instead, named by the label ``pod`` of its reference, as the
        pod itself saw its requests; NO_DATA where the source does not tell pods apart.
        """
        ...


class LogSource(Protocol):
    """Log lines, oldest first."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def lines(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        *,
        limit: int = 2000,
        min_severity: str = "",
    ) -> QueryResult[tuple[LogLine, ...]]:
        """Return lines of the resources. ``min_severity``: ``""``, ``warning`` or ``error``.

        When there are more than ``limit`` the result is PARTIAL, evenly thinned over the window,
        and ``truncated_count`` says how many were cut.
        """
        ...


class TraceSource(Protocol):
    """Spans and what they say of the edges."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        """Return the statistics of every edge that touches the resources."""
        ...

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500,
        is_sample: bool = False,
    ) -> QueryResult[tuple[Span, ...]]:  # fmt: skip
        """Return whole traces (all their spans) that touch the resources, errors and slow first.

        ``is_sample``: when there are more than ``limit`` spans, an even choice of traces instead,
        so that shares and medians can be told from it.
        """
        ...


class ClusterReader(Protocol):
    """Kubernetes or its like, by read-only verbs."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def state(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[ClusterState]:
        """Return pods, workloads, nodes, events in the window, and configuration objects."""
        ...


class ChangeFeed(Protocol):
    """Deploys, configuration, flags, scale, schema."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        """Return changes in the window, oldest first."""
        ...


class DatabaseInspector(Protocol):
    """A database server's own view."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def inspect(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[DatabaseState, ...]]:
        """Return states oldest first: at least the latest, earlier ones where the source has them."""
        ...


class FlowSource(Protocol):
    """Kernel-level flows."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def flows(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        """Return what the kernel saw of each edge."""
        ...


class TopologySource(Protocol):
    """Who calls whom."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        """Return the graph as it was in the window."""
        ...


class AlertFeed(Protocol):
    """Alerts that a source holds as firing: used to start from a recording or the lab."""

    @property
    def name(self) -> str:
        """Name of the source as configured."""
        ...

    def alerts(self, window: TimeWindow) -> QueryResult[tuple[AlertFiring, ...]]:
        """Return alerts that fired in the window, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class TelemetrySources:
    """What one investigation may ask. None: nothing of that kind is connected (a data gap)."""

    metrics: MetricSource | None = None
    logs: LogSource | None = None
    traces: TraceSource | None = None
    cluster: ClusterReader | None = None
    changes: ChangeFeed | None = None
    database: DatabaseInspector | None = None
    flows: FlowSource | None = None
    topology: TopologySource | None = None
    alerts: AlertFeed | None = None
