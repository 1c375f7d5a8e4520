"""Who calls whom, and how well, from the service graph that tracing back ends write as metrics."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from telemetry.adapters.prometheus.api import Labels, PrometheusApi, known_part
from telemetry.adapters.prometheus.source import PrometheusOptions, page_link
from telemetry.errors import QueryRejected
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    EdgeStats,
    ResourceKind,
    ResourceRef,
    Span,
    TelemetryKind,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)

REQUESTS = "traces_service_graph_request_total"
FAILED = "traces_service_graph_request_failed_total"
BUCKETS = "traces_service_graph_request_server_seconds_bucket"
ENDS = "client, server, connection_type"
Edge = tuple[ResourceRef, ResourceRef]


@dataclass(frozen=True, slots=True)
class _Graph:
    """What both ports share."""

    api: PrometheusApi
    options: PrometheusOptions
    name: str = "prometheus"

    def ends(self, labels: Labels) -> Edge | None:
        client, server = labels.get("client", ""), labels.get("server", "")
        if not client or not server or client == "user":
            return None
        is_database = labels.get("connection_type") == "database"
        return self.resource(client), self.resource(server, is_database=is_database)

    def resource(self, name: str, *, is_database: bool = False) -> ResourceRef:
        is_database = is_database or name in self.options.databases
        return ResourceRef(ResourceKind.DATABASE if is_database else ResourceKind.SERVICE, name)

    def over(self, window: TimeWindow, metric: str, more: str = "") -> str:
        seconds = max(1, round(window.duration.total_seconds()))
        return f"sum by ({ENDS}{more}) (increase({metric}[{seconds}s]))"

    def provenance(
        self, kind: TelemetryKind, query: str, window: TimeWindow, began: float
    ) -> Provenance:
        return Provenance(
            source=self.name, kind=kind, query=query, window=window,
            fetched_at=datetime.now(UTC), duration_seconds=time.monotonic() - began,
            link=page_link(self.options.page_url, query.partition("\n")[0], window),
        )  # fmt: skip

    def per_edge(self, expression: str, at: float) -> dict[Edge, float]:
        found: dict[Edge, float] = {}
        for labels, value in self.api.instant(expression, at):
            edge = self.ends(labels)
            if edge is not None and not math.isnan(value):
                found[edge] = value
        return found


class PrometheusTopology(_Graph):
    """The graph of callers and callees."""

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        """Return every edge that carried a request in the window."""
        began, known = time.monotonic(), known_part(window)
        query = f"{self.over(known, REQUESTS)} > 0"
        edges = sorted(self.per_edge(query, known.end.timestamp()))
        graph = TopologyGraph(
            resources=tuple(sorted({end for edge in edges for end in edge})),
            edges=tuple(TopologyEdge(caller, callee, "metrics") for caller, callee in edges),
        )
        status = ResultStatus.OK if edges else ResultStatus.NO_DATA
        source = self.provenance(TelemetryKind.TOPOLOGY, query, window, began)
        return QueryResult(status, graph, source)


class PrometheusEdges(_Graph):
    """Call statistics, counted from spans before they reached this server; it has no spans."""

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        """Return the statistics over the window of each edge that touches the resources."""
        began, known = time.monotonic(), known_part(window)
        at, seconds = known.end.timestamp(), known.duration.total_seconds()
        requests = self.over(known, REQUESTS)
        buckets = self.over(known, BUCKETS, ", le")
        texts = [requests, self.over(known, FAILED),
                 f"histogram_quantile(0.5, {buckets})", f"histogram_quantile(0.99, {buckets})"]  # fmt: skip
        counts, failed, p50, p99 = (self.per_edge(text, at) for text in texts)
        names = {r.name for r in resources}
        found = tuple(
            EdgeStats(
                caller, callee, count / seconds, min(1.0, failed.get((caller, callee), 0.0) / count),
                p50.get((caller, callee), 0.0), p99.get((caller, callee), 0.0),
            )
            for (caller, callee), count in sorted(counts.items())
            if count > 0 and (not names or caller.name in names or callee.name in names)
        )  # fmt: skip
        status = ResultStatus.OK if found else ResultStatus.NO_DATA
        source = self.provenance(TelemetryKind.TRACE, "\n".join(texts), window, began)
        return QueryResult(status, found, source)

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500,
        is_sample: bool = False,
    ) -> QueryResult[tuple[Span, ...]]:  # fmt: skip
        """Refuse: the service graph holds no spans."""
        raise QueryRejected("Prometheus holds call statistics, but no spans")
