"""amazon-science/petshop-root-cause-analysis: wide tables, the graph and normal data beside."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.files import load_json, open_text
from telemetry.adapters.recorded.naming import meaning_of
from telemetry.adapters.recorded.recording import Recording, RecordingError, read_head
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import BROKEN, Problems, note, parsed_rows
from telemetry.types import (
    AlertFiring,
    ResourceKind,
    ResourceRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)

STEP_SECONDS = 300.0


def is_it(path: Path) -> bool:
    """An incident with a target node beside a table with a three-row header."""
    try:
        head = load_json(path / "incident.json")
    except (OSError, ValueError):
        return False
    return (
        isinstance(head, dict)
        and isinstance(head.get("target"), dict)
        and (path / "metrics.csv").exists()
    )


def load(path: Path) -> Recording:
    """Load one case; normal data and the graph are looked for in the folders above."""
    problems: Problems = {}
    head = read_head(path / "incident.json")["target"]
    if not isinstance(head, dict):
        raise RecordingError(f"{path / 'incident.json'} names no target.")
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
        name=str(head["metric"]), resource=_node(str(head["node"])),
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


def _node(name: str) -> ResourceRef:
    """Return a node; X-Ray calls an address that nothing of ours reports from a remote."""
    kind = ResourceKind.EXTERNAL if name.endswith("_remote") else ResourceKind.SERVICE
    return ResourceRef(kind, name)


def _wide(path: Path, builder: SeriesBuilder, problems: Problems, *, before: float | None = None
          ) -> list[float]:  # fmt: skip
    """Add a table's samples. ``before``: move them so that they end one step before it."""
    rows: list[tuple[float, list[str]]] = []
    header: list[list[str]] = []
    try:
        with open_text(path) as file:
            lines = csv.reader(file)
            header = [next(lines) for _ in range(3)]
            rows = [(float(r[0]), r[1:]) for r in lines if r and r[0].replace(".", "", 1).isdigit()]
    except (StopIteration, *BROKEN) as error:
        reason = f"{type(error).__name__}: {error}"
        note(problems, "metrics", f"{path.name} cannot be read after row {len(rows)} ({reason})")
        return []
    shift = before - STEP_SECONDS - max(at for at, _ in rows) if before and rows else 0.0
    for at, cells in rows:
        for node, metric, statistic, value in zip(*(h[1:] for h in header), cells, strict=False):
            if value:
                builder.add(_node(node), f"{metric} {statistic}", at + shift, value)
    return sorted(at + shift for at, _ in rows)


def _graph(path: Path, problems: Problems) -> TopologyGraph | None:
    edges: list[TopologyEdge] = []
    names: list[str] = []

    def parse(row: dict[str, str]) -> None:
        (_, caller), *cells = row.items()
        names.append(caller)
        edges.extend(
            TopologyEdge(_node(caller), _node(callee), "declared")
            for callee, weight in cells
            if weight and float(weight) > 0
        )

    for _ in parsed_rows(path, problems, "topology", parse):
        pass
    return TopologyGraph(tuple(_node(n) for n in names), tuple(edges)) if edges else None
