"""Every port, answered by the practice system over its socket."""

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import numpy as np
from pydantic import TypeAdapter, ValidationError

from telemetry.errors import QueryRejected, QueryTimeout, SourceUnavailable
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
Json = dict[str, Any]
NAME = "lab"
SHOWN_NAMES = 12


Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LabClient(Protocol):
    """Whoever can put a question to the lab."""

    def ask(self, question: str, query: Json) -> Json:
        """Return the answer as JSON."""
        ...


class HttpLabClient:
    """The lab over its unix socket. One connection pool per client; safe for threads."""

    def __init__(self, socket: Path | str, *, timeout_seconds: float = 8.0) -> None:
        transport = httpx.HTTPTransport(uds=str(socket), verify=False)  # no TLS
        self._http = httpx.Client(
            transport=transport, base_url="http://lab", timeout=timeout_seconds
        )

    def ask(self, question: str, query: Json) -> Json:
        """Put a question.

        Raises:
            SourceUnavailable: Nothing listens on the socket.
            QueryTimeout: No answer in time.
            QueryRejected: The lab did not understand.
        """
        try:
            answer = self._http.post(f"/ask/{question}", json=query)
        except httpx.TimeoutException as error:
            raise QueryTimeout(f"the lab did not answer {question} in time") from error
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"the lab is not running ({type(error).__name__})") from error
        if answer.status_code != 200:
            raise QueryRejected(f"the lab refused {question}: {answer.text[:200]}")
        found: Json = answer.json()
        return found


@dataclass(slots=True)
class _Lab:
    """What the port classes share: asking, decoding, provenance."""

    client: LabClient
    clock: Clock = _utc_now
    name: str = NAME

    def query(
        self,
        question: str,
        kind: TelemetryKind,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        text: str,
        **more: object,
    ) -> tuple[Json, Provenance]:
        began = time.monotonic()
        body: Json = {
            "resources": [str(r) for r in resources],
            "window": [window.start.isoformat(), window.end.isoformat()],
            **more,
        }
        answer = self.client.ask(question, body)
        provenance = Provenance(
            source=self.name,
            kind=kind,
            query=text,
            window=window,
            fetched_at=self.clock(),
            duration_seconds=time.monotonic() - began,
            truncated_count=int(answer.get("truncated_count", 0)),
        )
        return answer, provenance


def _selectors(refs: Sequence[SeriesRef]) -> str:
    """Return the series as ``name{service="caller>callee,…"}``, by name."""
    ends: dict[str, list[str]] = {}
    for ref in refs:
        arrow = f"{ref.resource.name}>{ref.peer.name}" if ref.peer else ref.resource.name
        ends.setdefault(ref.name, []).append(arrow)
    return " ".join(f'{name}{{service="{_listed(ends[name])}"}}' for name in sorted(ends))


def _listed(names: list[str]) -> str:
    shown = sorted(names)
    return ",".join(shown if len(shown) <= SHOWN_NAMES else [*shown[:SHOWN_NAMES], "..."])


def _names(resources: Sequence[ResourceRef]) -> str:
    return _listed([r.name for r in resources]) or "*"


def _decode(adapter: TypeAdapter[T], data: object) -> T:
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise QueryRejected(
            f"the lab's answer is not readable: {error.error_count()} errors"
        ) from error


def _result(data: T, provenance: Provenance, *, is_empty: bool) -> QueryResult[T]:
    status = ResultStatus.NO_DATA if is_empty else ResultStatus.OK
    if provenance.truncated_count:
        status = ResultStatus.PARTIAL
    return QueryResult(status, data, provenance)


REFS = TypeAdapter(tuple[SeriesRef, ...])
LINES = TypeAdapter(tuple[LogLine, ...])
EDGES = TypeAdapter(tuple[EdgeStats, ...])
SPANS = TypeAdapter(tuple[Span, ...])
STATE = TypeAdapter(ClusterState)
CHANGES = TypeAdapter(tuple[ChangeEvent, ...])
DATABASES = TypeAdapter(tuple[DatabaseState, ...])
GRAPH = TypeAdapter(TopologyGraph)
ALERTS = TypeAdapter(tuple[AlertFiring, ...])


@dataclass(slots=True)
class LabMetrics(_Lab):
    """Time series of the lab."""

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        text = f'lab series{{service="{_names(resources)}"}}'
        answer, source = self.query("catalogue", TelemetryKind.METRIC, resources, window, text)
        refs = _decode(REFS, answer["data"])
        found = tuple(_with_query(ref) for ref in refs)
        return _result(found, source, is_empty=not found)

    def read(
        self, refs: Sequence[SeriesRef], window: TimeWindow, *, step_seconds: float
    ) -> QueryResult[tuple[Series, ...]]:
        text = f"lab read {_selectors(refs)} step={step_seconds:g}s"
        return self._series(
            [], window, text, step_seconds, refs=REFS.dump_python(tuple(refs), mode="json")
        )

    def read_semantic(
        self,
        resources: Sequence[ResourceRef],
        semantics: Sequence[Semantic],
        window: TimeWindow,
        *,
        step_seconds: float,
        by_pod: bool = False,
    ) -> QueryResult[tuple[Series, ...]]:
        wanted = [s.value for s in semantics]
        if by_pod:  # The lab's pods have no series of their own.
            source = Provenance(self.name, TelemetryKind.METRIC, "lab metrics by pod", window,
                                datetime.now(UTC))  # fmt: skip
            return _result((), source, is_empty=True)
        text = f'lab metrics {",".join(wanted)}{{service="{_names(resources)}"}} step={step_seconds:g}s'
        return self._series(resources, window, text, step_seconds, semantics=wanted)

    def _series(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        text: str,
        step_seconds: float,
        **more: object,
    ) -> QueryResult[tuple[Series, ...]]:
        answer, source = self.query(
            "series", TelemetryKind.METRIC, resources, window, text,
            step_seconds=step_seconds, **more,
        )  # fmt: skip
        found = tuple(_series(item) for item in answer["data"])
        return _result(found, source, is_empty=not found)


def _series(item: Json) -> Series:
    values = np.frombuffer(base64.b64decode(item["values"]), dtype="<f8")
    steps = np.arange(len(values), dtype=np.float64)
    times = float(item["start"]) + float(item["step"]) * steps
    return Series(_with_query(_decode(REFS, [item["ref"]])[0]), times, values)


def _with_query(ref: SeriesRef) -> SeriesRef:
    """Return a reference with the query that reads this series alone."""
    return replace(ref, query=f"lab read {_selectors([ref])}")


@dataclass(slots=True)
class LabLogs(_Lab):
    """Log lines of the lab."""

    def lines(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        *,
        limit: int = 2000,
        min_severity: str = "",
    ) -> QueryResult[tuple[LogLine, ...]]:
        level = f" level>={min_severity}" if min_severity else ""
        text = f'lab logs{{service="{_names(resources)}"}}{level} limit={limit}'
        answer, source = self.query(
            "lines", TelemetryKind.LOG, resources, window, text,
            limit=limit, min_severity=min_severity,
        )  # fmt: skip
        found = _decode(LINES, answer["data"])
        return _result(found, source, is_empty=not found)


@dataclass(slots=True)
class LabTraces(_Lab):
    """Edges and spans of the lab."""

    def edges(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[EdgeStats, ...]]:
        text = f'lab edges{{service="{_names(resources)}"}}'
        answer, source = self.query("edges", TelemetryKind.TRACE, resources, window, text)
        found = _decode(EDGES, answer["data"])
        return _result(found, source, is_empty=not found)

    def spans(
        self, resources: Sequence[ResourceRef], window: TimeWindow, *, limit: int = 500,
        is_sample: bool = False,
    ) -> QueryResult[tuple[Span, ...]]:  # fmt: skip
        text = f'lab spans{{service="{_names(resources)}"}} limit={limit}'
        answer, source = self.query(
            "spans", TelemetryKind.TRACE, resources, window, text, limit=limit,
            is_sample=is_sample,
        )  # fmt: skip
        found = _decode(SPANS, answer["data"])
        return _result(found, source, is_empty=not found)


@dataclass(slots=True)
class LabCluster(_Lab):
    """Pods, workloads and events of the lab."""

    def state(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[ClusterState]:
        text = f'lab cluster{{service="{_names(resources)}"}}'
        answer, source = self.query("state", TelemetryKind.CLUSTER, resources, window, text)
        found = _decode(STATE, answer["data"])
        return _result(found, source, is_empty=not (found.pods or found.workloads))


@dataclass(slots=True)
class LabChanges(_Lab):
    """Deploys and settings of the lab."""

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        text = f'lab changes{{service="{_names(resources)}"}}'
        answer, source = self.query("changes", TelemetryKind.CHANGE, resources, window, text)
        found = _decode(CHANGES, answer["data"])
        return _result(found, source, is_empty=not found)


@dataclass(slots=True)
class LabDatabase(_Lab):
    """The lab's database, by its own view."""

    def inspect(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[DatabaseState, ...]]:
        text = f'lab database sessions{{service="{_names(resources)}"}}'
        answer, source = self.query("databases", TelemetryKind.DATABASE, resources, window, text)
        found = _decode(DATABASES, answer["data"])
        return _result(found, source, is_empty=not found)


@dataclass(slots=True)
class LabTopology(_Lab):
    """Who calls whom in the lab."""

    def graph(self, window: TimeWindow) -> QueryResult[TopologyGraph]:
        answer, source = self.query("graph", TelemetryKind.TOPOLOGY, [], window, "lab topology")
        found = _decode(GRAPH, answer["data"])
        return _result(found, source, is_empty=not found.resources)


@dataclass(slots=True)
class LabAlerts(_Lab):
    """Alerts that the lab's rules hold as fired."""

    def alerts(self, window: TimeWindow) -> QueryResult[tuple[AlertFiring, ...]]:
        answer, source = self.query("alerts", TelemetryKind.METRIC, [], window, "lab alerts")
        found = _decode(ALERTS, answer["data"])
        return _result(found, source, is_empty=not found)


def open_lab_sources(client: LabClient, *, clock: Clock = _utc_now) -> TelemetrySources:
    """Return every port over one client. ``clock`` says when an answer was fetched."""
    return TelemetrySources(
        metrics=LabMetrics(client, clock),
        logs=LabLogs(client, clock),
        traces=LabTraces(client, clock),
        cluster=LabCluster(client, clock),
        changes=LabChanges(client, clock),
        database=LabDatabase(client, clock),
        topology=LabTopology(client, clock),
        alerts=LabAlerts(client, clock),
    )


def open_configured(ref: Json) -> TelemetrySources:
    """Open the lab of ``settings.LAB_SOCKET``; ``ref`` needs nothing more."""
    from django.conf import settings  # noqa: PLC0415  # adapters are plain Python but for this

    return open_lab_sources(HttpLabClient(settings.LAB_SOCKET))
