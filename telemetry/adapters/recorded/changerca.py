"""IntelligentDDS/ChangeRCA: rollouts, and what each pod's edges saw, per minute."""

import re
from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.pods import owner
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
    AlertFiring,
    ChangeEvent,
    ChangeKind,
    EdgeStats,
    ResourceKind,
    ResourceRef,
    Semantic,
    TopologyEdge,
    TopologyGraph,
    service,
)

ADDRESS = re.compile(r"^\d+(\.\d+){3}$")


def is_it(path: Path) -> bool:
    """Edge metrics beside an incident with rollouts."""
    return (path / "edge_metrics.csv.gz").exists() and (path / "incident.json").exists()


def load(path: Path) -> Recording:
    """Load one case. The symptom is at the service that nothing else calls."""
    problems: Problems = {}
    head = read_head(path / "incident.json")
    graph = _graph(path, problems)
    builder = SeriesBuilder()
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
        edges=edges,
        changes=_rollouts(head),
        graph=graph,
        alerts=[alert],
        problems=problems,
    )
    window, baseline = windows(started, end, datetime.fromtimestamp(min(times), UTC))
    return Recording("changerca", alert.summary, data, alert, window, baseline)


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
