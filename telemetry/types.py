"""Value types shared by every telemetry port: frozen, aware UTC, units in field names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from telemetry.cluster import ClusterDetails, NodeFacts, Pairs, PodTemplate
from telemetry.semantics import COUNTERS as COUNTERS
from telemetry.semantics import Semantic as Semantic

FloatArray = NDArray[np.float64]


class TelemetryKind(StrEnum):
    """What sort of telemetry an answer came from: two kinds are two ingestion paths."""

    METRIC = "metric"
    LOG = "log"
    TRACE = "trace"
    CHANGE = "change"
    CLUSTER = "cluster"
    DATABASE = "database"
    FLOW = "flow"
    TOPOLOGY = "topology"


class ResourceKind(StrEnum):
    """The sort of thing a :class:`ResourceRef` names."""

    SERVICE = "service"
    WORKLOAD = "workload"
    POD = "pod"
    NODE = "node"
    DATABASE = "database"
    NAMESPACE = "namespace"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, order=True)
class ResourceRef:
    """One thing in the system. ``str()`` is its stable key, for example ``service/payments``."""

    kind: ResourceKind
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        scope = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.value}/{scope}{self.name}"

    @classmethod
    def parse(cls, text: str) -> "ResourceRef":
        """Read the form that ``str()`` writes.

        Raises:
            ValueError: The text is not ``kind/name`` or ``kind/namespace/name``.
        """
        kind, _, rest = text.partition("/")
        if not rest:
            raise ValueError(f"not a resource reference: {text!r}")
        namespace, _, name = rest.rpartition("/")
        return cls(ResourceKind(kind), name, namespace)


def service(name: str, namespace: str = "") -> ResourceRef:
    """Return the reference of a service."""
    return ResourceRef(ResourceKind.SERVICE, name, namespace)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Half-open ``[start, end)``, aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a time window needs aware times")
        if self.end <= self.start:
            raise ValueError("a time window must end after it starts")

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end

    @classmethod
    def around(cls, at: datetime, *, before_seconds: float, after_seconds: float) -> "TimeWindow":
        return cls(
            at - timedelta(seconds=before_seconds),
            at + timedelta(seconds=after_seconds),
        )


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """One series that exists.

    Attributes:
        name: The back end's own name, shown to people.
        semantic: Its meaning, or None where no mapping knows it (it can still be scanned).
        peer: The other end, for a series about an edge (``payments -> bank-gateway``).
        unit: ``seconds``, ``bytes``, ``ratio``, ``per_second``, ``count`` or ``""`` if unknown.
        query: The exact query of this series, where an answer combines several.
    """

    resource: ResourceRef
    name: str
    semantic: Semantic | None = None
    peer: ResourceRef | None = None
    unit: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    query: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one series: ``times`` are Unix seconds, increasing; NaN is a missing scrape."""

    ref: SeriesRef
    times: FloatArray
    values: FloatArray

    def between(self, window: TimeWindow) -> "Series":
        """Return the part of the series inside the window."""
        keep = (self.times >= window.start.timestamp()) & (self.times < window.end.timestamp())
        return Series(self.ref, self.times[keep], self.values[keep])


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it was written. ``body`` is untrusted text."""

    at: datetime
    resource: ResourceRef
    severity: str
    body: str
    trace_id: str = ""
    pod: str = ""
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One operation of one trace. ``is_error`` is the span's own status, not its children's."""

    trace_id: str
    span_id: str
    parent_id: str
    resource: ResourceRef
    operation: str
    start: datetime
    duration_seconds: float
    is_error: bool = False
    pod: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """What one resource saw of another over a window, counted from spans or flows."""

    caller: ResourceRef
    callee: ResourceRef
    request_rate: float
    error_ratio: float
    latency_p50_seconds: float
    latency_p99_seconds: float


class ChangeKind(StrEnum):
    """What was changed."""

    DEPLOY = "deploy"
    CONFIG = "config"
    FLAG = "flag"
    SCALE = "scale"
    SCHEMA = "schema"
    INFRASTRUCTURE = "infrastructure"


# The attribute of a rollout that names its pods: ``<workload>-<template hash>-<five letters>``.
TEMPLATE_HASH = "pod_template_hash"


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One change that somebody or something made. ``summary`` and ``diff`` are untrusted text.

    ``attributes``: further facts by name; a rollout states the hash in its pods' names
    (``TEMPLATE_HASH``), so that the pods of the new version can be told from the others.
    """

    id: str
    at: datetime
    kind: ChangeKind
    resource: ResourceRef
    summary: str
    author: str = ""
    revision_before: str = ""
    revision_after: str = ""
    diff: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod as the cluster reports it. ``reason`` is the waiting or termination reason, if any."""

    name: str
    workload: str
    namespace: str
    node: str
    phase: str
    ready: bool
    restarts: int
    reason: str = ""
    last_termination: str = ""
    exit_code: int | None = None
    image: str = ""
    started_at: datetime | None = None
    message: str = ""
    labels: Pairs = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """A deployment, stateful set or daemon set, with what it asks for and has."""

    resource: ResourceRef
    kind: str
    replicas_desired: int
    replicas_ready: int
    revision: str = ""
    image: str = ""
    paused: bool = False
    conditions: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    template: PodTemplate | None = None


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node: readiness, pressure conditions and the services that run on it."""

    name: str
    ready: bool
    conditions: tuple[str, ...] = ()
    unschedulable: bool = False
    services_down: tuple[str, ...] = ()
    facts: NodeFacts = field(default_factory=NodeFacts)


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One event of the cluster's own journal. ``message`` is untrusted text."""

    at: datetime
    resource: ResourceRef
    reason: str
    message: str
    is_warning: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class ClusterObject:
    """A configuration object, as text (Service, Ingress, NetworkPolicy, ConfigMap...)."""

    kind: str
    name: str
    namespace: str
    text: str


@dataclass(frozen=True, slots=True)
class ClusterState:
    """All that a cluster reader saw at once, cut to the resources asked for."""

    pods: tuple[PodState, ...] = ()
    workloads: tuple[WorkloadState, ...] = ()
    nodes: tuple[NodeState, ...] = ()
    events: tuple[ClusterEvent, ...] = ()
    objects: tuple[ClusterObject, ...] = ()
    details: ClusterDetails = field(default_factory=ClusterDetails)


@dataclass(frozen=True, slots=True)
class DatabaseSession:
    """One session of a database server."""

    pid: int
    client: str
    state: str
    wait_event: str
    query: str
    age_seconds: float
    blocked_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """A statement by its normalised text, with its mean and call rate over the window."""

    query: str
    calls_per_second: float
    mean_seconds: float
    rows_scanned: float = 0.0


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database server's own view of itself at one moment."""

    resource: ResourceRef
    at: datetime
    sessions: tuple[DatabaseSession, ...] = ()
    slow_statements: tuple[SlowStatement, ...] = ()
    connections_in_use: int = 0
    connections_max: int = 0
    replication_lag_seconds: float | None = None
    size_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class TopologyEdge:
    """``caller`` depends on ``callee``. ``source`` says how we know: traces, declared, metrics."""

    caller: ResourceRef
    callee: ResourceRef
    source: str = "traces"


Neighbours = dict[ResourceRef, tuple[ResourceRef, ...]]


@dataclass(frozen=True)
class TopologyGraph:
    """Who calls whom. Placement (pod on node) is in ``runs_on``."""

    resources: tuple[ResourceRef, ...] = ()
    edges: tuple[TopologyEdge, ...] = ()
    runs_on: tuple[tuple[ResourceRef, ResourceRef], ...] = ()

    def callees(self, resource: ResourceRef) -> tuple[ResourceRef, ...]:
        return self._neighbours[0].get(resource, ())

    def callers(self, resource: ResourceRef) -> tuple[ResourceRef, ...]:
        return self._neighbours[1].get(resource, ())

    @cached_property
    def _neighbours(self) -> tuple[Neighbours, Neighbours]:
        callees: dict[ResourceRef, set[ResourceRef]] = {}
        callers: dict[ResourceRef, set[ResourceRef]] = {}
        for edge in self.edges:
            callees.setdefault(edge.caller, set()).add(edge.callee)
            callers.setdefault(edge.callee, set()).add(edge.caller)
        return (
            {resource: tuple(sorted(found)) for resource, found in callees.items()},
            {resource: tuple(sorted(found)) for resource, found in callers.items()},
        )


@dataclass(frozen=True, slots=True)
class AlertFiring:
    """An alert as a source sent it: the entry of every investigation."""

    name: str
    resource: ResourceRef
    summary: str
    starts_at: datetime
    severity: str = ""
    semantic: Semantic | None = None
    value: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def utc(seconds: float) -> datetime:
    """Return Unix seconds as an aware UTC time."""
    return datetime.fromtimestamp(seconds, UTC)
