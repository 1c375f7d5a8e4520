"""IntelligentDDS/ChangeRCA: rollouts, and what each pod's edges saw, per minute."""

import json
from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError, windows
from telemetry.adapters.recorded.tables import SeriesBuilder, read_rows
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ChangeKind,
    EdgeStats,
    ResourceRef,
    Semantic,
    TopologyEdge,
    TopologyGraph,
    service,
)


def is_it(path: Path) -> bool:
    """Edge metrics beside an incident with rollouts."""
    return (path / "edge_metrics.csv.gz").exists() and (path / "incident.json").exists()


def load(path: Path) -> Recording:
    """Load one case. The symptom is at the service that nothing else calls."""
    problems: dict[str, str] = {}
    head = json.loads((path / "incident.json").read_text(encoding="utf-8"))
    graph = _graph(path, problems)
    builder = SeriesBuilder()
    edges: list[tuple[datetime, EdgeStats]] = []
    times: list[float] = []
    for row in read_rows(path / "edge_metrics.csv.gz", problems, "metrics"):
        at = float(row["timestamp"])
        times.append(at)
        caller, callee = service(row["source"]), service(row["destination"])
        error = 1 - float(row["success_rate"] or "nan") / 100
        latency = float(row["latency_s"] or "nan")
        stats = EdgeStats(caller, callee, 0.0, error, latency, latency)
        edges.append((datetime.fromtimestamp(at, UTC), stats))
        builder.add(callee, "latency_p99", at, latency)
        builder.add(callee, "error_ratio", at, error)
        builder.add(callee, "cpu_usage_pct", at, row["cpu_usage_pct"])
        builder.add(callee, "memory_usage_pct", at, row["memory_usage_pct"])
    if not times:
        raise RecordingError(
            f"{path}: {problems.get('metrics', 'edge_metrics.csv.gz has no rows')}"
        )
    started = datetime.fromtimestamp(float(head["detected_at"]), UTC)
    end = datetime.fromtimestamp(float(head.get("observed_until", max(times))), UTC)
    entry = _entry(graph)
    alert = AlertFiring("Degraded", entry, f"{entry.name} is degraded after rollouts", started,
                        "critical", Semantic.LATENCY_P99_SECONDS)  # fmt: skip
    memory = {"memory_usage_pct": Semantic.MEMORY_WORKING_SET_BYTES}
    data = MemoryData(
        name=f"changerca {path.name}",
        series=builder.build(semantics=memory),
        edges=edges,
        changes=_rollouts(head),
        graph=graph,
        alerts=[alert],
        problems=problems,
    )
    window, baseline = windows(started, end, datetime.fromtimestamp(min(times), UTC))
    return Recording("changerca", alert.summary, data, alert, window, baseline)


def _graph(path: Path, problems: dict[str, str]) -> TopologyGraph:
    edges = tuple(
        TopologyEdge(service(row["Source"]), service(row["Target"]), "declared")
        for row in read_rows(path / "dependency.csv", problems, "topology")
    )
    return TopologyGraph(tuple(sorted({end for e in edges for end in (e.caller, e.callee)})), edges)


def _entry(graph: TopologyGraph) -> ResourceRef:
    called = {e.callee for e in graph.edges}
    roots = [r for r in graph.resources if r not in called]
    return max(roots or graph.resources or (service("unknown"),),
               key=lambda r: len(graph.callees(r)))  # fmt: skip


def _rollouts(head: dict[str, object]) -> list[ChangeEvent]:
    rows = head.get("rollouts")
    return [
        ChangeEvent(
            id=f"rollout-{row['service']}-{row['time']}",
            at=datetime.fromtimestamp(float(row["time"]), UTC),
            kind=ChangeKind.DEPLOY,
            resource=service(str(row["service"])),
            summary=f"new version on {row.get('new_version_replicas')} of {row.get('target_replicas')}",
        )
        for row in (rows if isinstance(rows, list) else [])
    ]
