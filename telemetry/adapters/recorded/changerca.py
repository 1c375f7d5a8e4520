"""IntelligentDDS/ChangeRCA: rollouts, and what each pod's edges saw, per minute."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.pods import owner, template_hash
from telemetry.adapters.recorded.recording import (
    Recording,
    RecordingError,
    entry_of,
    read_head,
    windows,
)
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import Problems, parsed_rows
from telemetry.types import (
    TEMPLATE_HASH,
    AlertFiring,
    ChangeEvent,
    ChangeKind,
    EdgeStats,
    ResourceKind,
    ResourceRef,
    Semantic,
    Series,
    TopologyEdge,
    TopologyGraph,
    service,
)

# A pod that is deleted ends its requests before it goes.
DELETION_SECONDS = 30.0
ADDRESS = re.compile(r"^\d+(\.\d+){3}$")


def is_it(path: Path) -> bool:
    """Edge metrics beside an incident with rollouts."""
    return (path / "edge_metrics.csv.gz").exists() and (path / "incident.json").exists()


def load(path: Path) -> Recording:
    """Load one case. The symptom is at the service that nothing else calls."""
    problems: Problems = {}
    head = read_head(path / "incident.json")
    graph = _graph(path, problems)
    builder, pods = SeriesBuilder(), _PodSeries(_deletions(head))
    edges: list[tuple[datetime, EdgeStats]] = []
    times: list[float] = []

    def parse(row: dict[str, str]) -> None:
        at = float(row["timestamp"])
        caller, callee = service(row["source"]), service(row["destination"])
        error = 1 - float(row["success_rate"] or "nan") / 100
        latency = float(row["latency_s"] or "nan")
        stats = EdgeStats(caller, callee, 0.0, error, latency, latency)
        pod = owner(row["pod"])
        times.append(at)
        pods.add(row, at, callee if callee == pod else None)
        edges.append((datetime.fromtimestamp(at, UTC), stats))
        builder.add(callee, "latency_seconds", at, latency)
        builder.add(callee, "error_ratio", at, error)
        builder.add(pod, "cpu_usage_pct", at, row["cpu_usage_pct"])
        builder.add(pod, "memory_usage_pct", at, row["memory_usage_pct"])

    for _ in parsed_rows(path / "edge_metrics.csv.gz", problems, "metrics", parse):
        pass
    if not times:
        raise RecordingError(
            f"{path}: {problems.get('metrics', 'edge_metrics.csv.gz has no rows')}"
        )
    started = datetime.fromtimestamp(float(str(head["detected_at"])), UTC)
    end = datetime.fromtimestamp(float(str(head.get("observed_until", max(times)))), UTC)
    entry = entry_of(graph)
    alert = AlertFiring("Degraded", entry, f"{entry.name} is degraded after rollouts", started,
                        "critical", Semantic.LATENCY_P99_SECONDS)  # fmt: skip
    data = MemoryData(
        name=f"changerca {path.name}",
        series=builder.build(),
        pod_series=pods.build(),
        edges=edges,
        changes=_rollouts(head),
        graph=graph,
        alerts=[alert],
        problems=problems,
    )
    window, baseline = windows(started, end, datetime.fromtimestamp(min(times), UTC))
    return Recording("changerca", alert.summary, data, alert, window, baseline)


class _PodSeries:
    """Series of single pods: the calls that each took itself, and its CPU and memory."""

    def __init__(self, deleted: Mapping[str, float]) -> None:
        self._deleted = deleted
        self._builders: dict[str, SeriesBuilder] = {}

    def add(self, row: dict[str, str], at: float, called: ResourceRef | None) -> None:
        """Take a row; ``called``: the service if the pod is the end that was called."""
        if at > self._deleted.get(row["pod"], math.inf) + DELETION_SECONDS:
            return  # Told by address: it is the pod that got the address of this one.
        builder = self._builders.setdefault(row["pod"], SeriesBuilder())
        resource = owner(row["pod"])
        builder.add(resource, "cpu_usage_pct", at, row["cpu_usage_pct"])
        if called is not None:
            error = 1 - float(row["success_rate"] or "nan") / 100
            builder.add(called, "error_ratio", at, error)
            builder.add(called, "latency_seconds", at, row["latency_s"])

    def build(self) -> list[Series]:
        """Return the series, each with the label ``pod``."""
        return [
            Series(replace(series.ref, labels=(("pod", pod),)), series.times, series.values)
            for pod, builder in self._builders.items() for series in builder.build()
        ]  # fmt: skip


def _graph(path: Path, problems: Problems) -> TopologyGraph:
    """Return who calls whom, and (a service beside an address) what runs on which node."""
    pairs = sorted(
        set(
            parsed_rows(
                path / "dependency.csv", problems, "topology",
                lambda row: (row["Source"], row["Target"]),
            )
        )
    )  # fmt: skip
    edges = tuple(
        TopologyEdge(service(a), service(b), "declared") for a, b in pairs if not ADDRESS.match(b)
    )
    placed = tuple(
        (service(a), ResourceRef(ResourceKind.NODE, b)) for a, b in pairs if ADDRESS.match(b)
    )
    return TopologyGraph(
        tuple(sorted({e for d in edges for e in (d.caller, d.callee)})), edges, placed
    )


def _deletions(head: dict[str, object]) -> dict[str, float]:
    """Return when rollouts deleted which pods."""
    rows = head.get("rollouts")
    return {
        str(pod): float(row["time"])
        for row in (rows if isinstance(rows, list) else []) for pod in row.get("pods_deleted") or ()
    }  # fmt: skip


def _new_hashes(row: dict[str, object]) -> list[str]:
    """Return the template hashes of the pods that a rollout made."""
    made = row.get("pods_created")
    return sorted({template_hash(str(p)) for p in made} - {""}) if isinstance(made, list) else []


def _rollouts(head: dict[str, object]) -> list[ChangeEvent]:
    rows = head.get("rollouts")
    return [
        ChangeEvent(
            id=f"rollout-{row['service']}-{row['time']}",
            at=datetime.fromtimestamp(float(row["time"]), UTC),
            kind=ChangeKind.DEPLOY,
            resource=service(str(row["service"])),
            attributes=tuple((TEMPLATE_HASH, h) for h in _new_hashes(row)[:1]),
            summary=f"new version on {row.get('new_version_replicas')} of {row.get('target_replicas')}",
        )
        for row in (rows if isinstance(rows, list) else [])
    ]
