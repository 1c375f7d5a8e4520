"""amazon-science/petshop-root-cause-analysis: wide tables, the graph and normal data beside."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.naming import meaning_of
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.adapters.recorded.tables import BROKEN, SeriesBuilder, open_text, read_rows
from telemetry.types import AlertFiring, TimeWindow, TopologyEdge, TopologyGraph, service


def is_it(path: Path) -> bool:
    """An incident with a target node beside a table with a three-row header."""
    try:
        head = json.loads((path / "incident.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        isinstance(head, dict)
        and isinstance(head.get("target"), dict)
        and (path / "metrics.csv").exists()
    )


def load(path: Path) -> Recording:
    """Load one case; normal data and the graph are looked for in the folders above."""
    problems: dict[str, str] = {}
    head = json.loads((path / "incident.json").read_text(encoding="utf-8"))["target"]
    builder = SeriesBuilder()
    during = _wide(path / "metrics.csv", builder, problems)
    if not during:
        raise RecordingError(f"{path}: {problems.get('metrics', 'metrics.csv has no rows')}")
    root = next((p for p in path.parents if (p / "graph.csv").exists()), None)
    before: list[float] = []
    graph = None
    if root is not None:
        before = _wide(root / "normal_metrics.csv.gz", builder, problems, before=during[0])
        graph = _graph(root / "graph.csv", problems)
    started = datetime.fromtimestamp(float(head["timestamp"]), UTC)
    meaning = meaning_of(str(head["metric"]))
    alert = AlertFiring(
        name=str(head["metric"]), resource=service(str(head["node"])),
        summary=f"{head['metric']} of {head['node']}", starts_at=started, severity="critical",
        semantic=meaning.semantic if meaning else None,
    )  # fmt: skip
    data = MemoryData(name=f"petshop {path.name}", series=builder.build(), graph=graph,
                      alerts=[alert], problems=problems)  # fmt: skip
    begin = datetime.fromtimestamp(during[0], UTC)
    first = datetime.fromtimestamp(before[0], UTC) if before else begin - timedelta(minutes=5)
    end = datetime.fromtimestamp(during[-1], UTC) + timedelta(minutes=5)
    return Recording("petshop", alert.summary, data, alert, TimeWindow(begin, end),
                     TimeWindow(first, begin))  # fmt: skip


def _wide(
    path: Path, builder: SeriesBuilder, problems: dict[str, str], *, before: float | None = None
) -> list[float]:
    times: list[float] = []
    try:
        with open_text(path) as file:
            rows = csv.reader(file)
            nodes, metrics, statistics = (next(rows) for _ in range(3))
            for row in rows:
                if not row or not row[0].replace(".", "", 1).isdigit():
                    continue
                at = float(row[0])
                if before is not None and at >= before:
                    continue
                times.append(at)
                for node, metric, statistic, value in zip(
                    nodes[1:], metrics[1:], statistics[1:], row[1:], strict=False
                ):
                    is_tail = metric != "latency" or statistic in {"Average", "p90", "p95", "p99"}
                    if value and is_tail:
                        builder.add(service(node), f"{metric} {statistic}", at, value)
    except (StopIteration, *BROKEN) as error:
        problems["metrics"] = f"{path.name} cannot be read after row {len(times)} ({error})"
    return sorted(times)


def _graph(path: Path, problems: dict[str, str]) -> TopologyGraph | None:
    edges = []
    names: list[str] = []
    for row in read_rows(path, problems, "topology"):
        values = list(row.items())
        caller = values[0][1]
        names.append(caller)
        edges += [
            TopologyEdge(service(caller), service(callee), "declared")
            for callee, weight in values[1:]
            if weight and float(weight) > 0
        ]
    return TopologyGraph(tuple(service(n) for n in names), tuple(edges)) if edges else None
