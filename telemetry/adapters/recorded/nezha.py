"""IntelligentDDS/Nezha: pod metrics by the minute, logs with trace ids, traces."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, windows
from telemetry.adapters.recorded.tables import SeriesBuilder, read_rows
from telemetry.types import (
    AlertFiring,
    LogLine,
    ResourceRef,
    Semantic,
    Span,
    TopologyEdge,
    TopologyGraph,
    service,
)

POD = re.compile(r"^(.*?)(?:-[0-9a-f]{6,10})?-[a-z0-9]{5}$|^(.*)-\d+$")
LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\b")
COLUMNS = {
    "CpuUsageRate(%)": Semantic.CPU_UTILISATION_RATIO,
    "MemoryUsage(Mi)": Semantic.MEMORY_WORKING_SET_BYTES,
    "PodServerLatencyP99(s)": Semantic.LATENCY_P99_SECONDS,
    "PodWorkload(Ops)": Semantic.REQUEST_RATE,
}
SCALE = {"CpuUsageRate(%)": 0.01, "MemoryUsage(Mi)": 1048576.0}


def is_it(path: Path) -> bool:
    """Pod metrics beside minute files of traces."""
    return (path / "pod_metrics.csv.gz").exists() and any(path.glob("trace_*.csv.gz"))


def owner(pod: str) -> ResourceRef:
    """Return the service of a pod, by the naming of deployments and stateful sets."""
    match = POD.match(pod)
    return service((match[1] or match[2]) if match else pod)


def load(path: Path) -> Recording:
    """Load one case; a fault-free minute of the same day, if it lies beside, is the baseline."""
    problems: dict[str, str] = {}
    head = json.loads((path / "incident.json").read_text(encoding="utf-8"))
    detected = datetime.fromtimestamp(float(head["detected_at"]), UTC)
    builder = SeriesBuilder()
    first = detected
    for row in read_rows(path / "pod_metrics.csv.gz", problems, "metrics"):
        at = float(row["TimeStamp"])
        first = min(first, datetime.fromtimestamp(at, UTC))
        for column in COLUMNS:
            value = float(row[column] or "nan") * SCALE.get(column, 1.0)
            builder.add(owner(row["PodName"]), column, at, value)
    started = detected - timedelta(minutes=3)
    window, baseline = windows(started, detected + timedelta(seconds=1), first,
                               lead=timedelta(minutes=1))  # fmt: skip
    spans = _spans(path, problems, None)
    logs = _logs(path, problems, None)
    normal = _normal_folder(path, detected)
    if normal is not None:
        shift = baseline.start
        spans += _spans(normal, problems, shift)
        logs += _logs(normal, problems, shift)
    graph = _graph(spans)
    called = {e.callee for e in graph.edges}
    roots = [r for r in graph.resources if r not in called]
    entry = max(roots, key=lambda r: len(graph.callees(r)), default=service("frontend"))
    alert = AlertFiring("Degraded", entry, f"Requests through {entry.name} are degraded", started,
                        "critical")  # fmt: skip
    data = MemoryData(name=f"nezha {path.name}", series=builder.build(semantics=COLUMNS), logs=logs,
                      spans=spans, graph=graph, alerts=[alert], problems=problems)  # fmt: skip
    return Recording("nezha", alert.summary, data, alert, window, baseline)


def _normal_folder(path: Path, detected: datetime) -> Path | None:
    for parent in list(path.parents)[:3]:
        found = sorted(parent.glob("normal_*"))
        same = [f for f in found if f"{detected:%Y-%m-%d}" in f.name]
        if found:
            return (same or found)[0]
    return None


def _moved(at: datetime, first: list[datetime], shift: datetime | None) -> datetime:
    """Move a fault-free recording of the same day into the baseline."""
    if shift is None:
        return at
    if not first:
        first.append(at)
    return shift + timedelta(seconds=30) + (at - first[0])


def _spans(path: Path, problems: dict[str, str], shift: datetime | None) -> list[Span]:
    found = []
    origin: list[datetime] = []
    for file in sorted(path.glob("*trace*.csv*")):
        for row in read_rows(file, problems, "traces"):
            start = datetime.fromtimestamp(float(row["StartTimeUnixNano"]) / 1e9, UTC)
            seconds = (float(row["EndTimeUnixNano"]) - float(row["StartTimeUnixNano"])) / 1e9
            parent = row["ParentID"] if row["ParentID"] != "root" else ""
            found.append(Span(row["TraceID"], row["SpanID"], parent, owner(row["PodName"]),
                              row["OperationName"], _moved(start, origin, shift), seconds,
                              pod=row["PodName"]))  # fmt: skip
    return found


def _logs(path: Path, problems: dict[str, str], shift: datetime | None) -> list[LogLine]:
    found = []
    origin: list[datetime] = []
    for file in sorted(path.glob("*log*.csv*")):
        for row in read_rows(file, problems, "logs"):
            at = datetime.fromtimestamp(float(row["TimeUnixNano"]) / 1e9, UTC)
            text = row["Log"]
            level = LEVEL.search(text[:120])
            severity = level[1].lower() if level else "info"
            found.append(LogLine(_moved(at, origin, shift), owner(row["PodName"]), severity,
                                 text[:600], row.get("TraceID", ""), row["PodName"]))  # fmt: skip
    return found


def _graph(spans: list[Span]) -> TopologyGraph:
    by_id = {(s.trace_id, s.span_id): s.resource for s in spans}
    edges = {
        (by_id[s.trace_id, s.parent_id], s.resource)
        for s in spans if (s.trace_id, s.parent_id) in by_id
    }  # fmt: skip
    found = tuple(TopologyEdge(a, b) for a, b in sorted(edges) if a != b)
    return TopologyGraph(tuple(sorted({s.resource for s in spans})), found)
