"""What the in-memory ports share: their data, answering with provenance, choosing by resource."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from telemetry.errors import SourceUnavailable
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ClusterState,
    DatabaseState,
    EdgeStats,
    LogLine,
    ResourceRef,
    Series,
    Span,
    TelemetryKind,
    TimeWindow,
    TopologyGraph,
)

T = TypeVar("T")
PARTS = (
    "metrics",
    "logs",
    "traces",
    "cluster state",
    "changes",
    "database state",
    "flows",
    "topology",
    "alerts",
)


@dataclass
class MemoryData:
    """What the ports answer from. None: nothing of that kind is there at all.

    Attributes:
        pod_series: Series of single pods, with the label ``pod``; ``series`` are of whole services.
        problems: By part (see ``PARTS``), why it is missing (ERROR) or only partly here (PARTIAL).
        errors: By part, what its port raises.
        delays_seconds: By part, how long its port takes; ``delay_seconds`` is for all of them.
    """

    name: str = "memory"
    series: list[Series] | None = None
    pod_series: list[Series] | None = None
    logs: list[LogLine] | None = None
    spans: list[Span] | None = None
    edges: list[tuple[datetime, EdgeStats]] | None = None
    cluster: ClusterState | None = None
    changes: list[ChangeEvent] | None = None
    databases: list[DatabaseState] | None = None
    flows: list[tuple[datetime, EdgeStats]] | None = None
    graph: TopologyGraph | None = None
    alerts: list[AlertFiring] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    delays_seconds: dict[str, float] = field(default_factory=dict)
    delay_seconds: float = 0.0


@dataclass(slots=True)
class MemoryPort:
    """One port over the data."""

    data: MemoryData

    @property
    def name(self) -> str:
        return self.data.name

    def answer(
        self, part: str, kind: TelemetryKind, question: str, window: TimeWindow, found: T, *,
        is_missing: bool, is_empty: bool, cut: int = 0,
    ) -> QueryResult[T]:  # fmt: skip
        """Return the answer with its status, or raise when the part is missing or told to fail."""
        began = time.monotonic()
        delay = self.data.delay_seconds + self.data.delays_seconds.get(part, 0.0)
        if delay:
            time.sleep(delay)
        if part in self.data.errors:
            raise self.data.errors[part]
        problem = self.data.problems.get(part, "")
        if is_missing:
            raise SourceUnavailable(problem or f"{self.data.name} holds none")
        provenance = Provenance(
            source=self.data.name,
            kind=kind,
            query=f"{self.data.name} {question}",
            window=window,
            fetched_at=datetime.now(UTC),
            duration_seconds=time.monotonic() - began,
            truncated_count=cut,
        )
        status = ResultStatus.NO_DATA if is_empty else ResultStatus.OK
        if problem or cut:
            status = ResultStatus.PARTIAL
        return QueryResult(status, found, provenance, problem)


def keys_of(resources: Sequence[ResourceRef]) -> str:
    """Return the resources' names for a query text."""
    return ",".join(r.name for r in resources) or "*"


def is_asked(resource: ResourceRef, resources: Sequence[ResourceRef]) -> bool:
    """Whether the resource, or what bears its name, is among those asked (all, when empty)."""
    return not resources or resource in resources or resource.name in {r.name for r in resources}
