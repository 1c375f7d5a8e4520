"""IntelligentDDS/Nezha: pod metrics by the minute, logs with trace ids, traces."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.pods import owner
from telemetry.adapters.recorded.recording import Recording, entry_of, read_head, windows
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import Problems, kept, parsed_rows
from telemetry.types import (
    AlertFiring,
    LogLine,
    ResourceRef,
    Semantic,
    Span,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)

LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\b")
# How far back the baseline reaches at least, so that a fault-free minute fits into it.
NORMAL_SPAN = timedelta(minutes=5)
# How long before the window that minute ends: trouble may be older than its alert.
NORMAL_GAP = timedelta(minutes=2)
COLUMNS = {
    "CpuUsageRate(%)": Semantic.CPU_UTILISATION_RATIO,
    "MemoryUsage(Mi)": Semantic.MEMORY_WORKING_SET_BYTES,
    "PodServerLatencyP99(s)": Semantic.LATENCY_P99_SECONDS,
    "PodWorkload(Ops)": Semantic.REQUEST_RATE,
}
SCALE = {"CpuUsageRate(%)": 0.01, "MemoryUsage(Mi)": 1048576.0}


_owner: Callable[[str], ResourceRef] = lru_cache(maxsize=4096)(owner)


def is_it(path: Path) -> bool:
    """An incident beside pod metrics or minute files of traces or logs."""
    parts = ("pod_metrics.csv*", "trace_*.csv*", "log_*.csv*")
    return (path / "incident.json").exists() and any(any(path.glob(part)) for part in parts)


def load(path: Path) -> Recording:
    """Load one case; a fault-free minute of the same day, if it lies beside, is the baseline."""
    problems: Problems = {}
    head = read_head(path / "incident.json")
    detected = datetime.fromtimestamp(float(str(head["detected_at"])), UTC)
    builder = SeriesBuilder()

    def sample(row: dict[str, str]) -> float:
        at = float(row["TimeStamp"])
        for column in COLUMNS:
            value = float(row[column] or "nan") * SCALE.get(column, 1.0)
            builder.add(owner(row["PodName"]), column, at, value)
        return at

    stamps = parsed_rows(path / "pod_metrics.csv.gz", problems, "metrics", sample)
    first = datetime.fromtimestamp(min(stamps, default=detected.timestamp() - 1800), UTC)
    started = detected - timedelta(minutes=3)
    window, baseline = windows(started, detected + timedelta(seconds=1), first,
                               lead=timedelta(minutes=1))  # fmt: skip
    spans, logs = _spans(path, problems), _logs(path, problems)
    normal = _normal_folder(path, detected)
    if normal is not None:
        fine, quiet = _spans(normal, problems), _logs(normal, problems)
        baseline = TimeWindow(min(baseline.start, baseline.end - NORMAL_SPAN), baseline.end)
        shift = _shift(fine, quiet, baseline)
        spans += [replace(s, start=s.start + shift) for s in fine]
        logs = [replace(line, at=line.at + shift) for line in quiet] + logs
    graph = _graph(spans)
    entry = entry_of(graph, default="frontend")
    alert = AlertFiring("Degraded", entry, f"Requests through {entry.name} are degraded", started,
                        "critical")  # fmt: skip
    data = MemoryData(
        name=f"nezha {path.name}",
        series=kept(builder.build(semantics=COLUMNS), problems, "metrics"),
        logs=kept(logs, problems, "logs"),
        spans=kept(spans, problems, "traces"),
        graph=graph,
        alerts=[alert],
        problems=problems,
    )
    return Recording("nezha", alert.summary, data, alert, window, baseline)


def _normal_folder(path: Path, detected: datetime) -> Path | None:
    for parent in list(path.parents)[:3]:
        found = sorted(parent.glob("normal_*"))
        same = [f for f in found if f"{detected:%Y-%m-%d}" in f.name]
        if found:
            return (same or found)[0]
    return None


def _shift(spans: list[Span], logs: list[LogLine], baseline: TimeWindow) -> timedelta:
    """Return by how much a fault-free recording of the same day moves to lie in the baseline."""
    times = [s.start for s in spans] + [line.at for line in logs]
    return baseline.end - NORMAL_GAP - max(times) if times else timedelta(0)


def _spans(path: Path, problems: Problems) -> list[Span]:
    def parse(row: dict[str, str]) -> Span:
        seconds = (float(row["EndTimeUnixNano"]) - float(row["StartTimeUnixNano"])) / 1e9
        parent = row["ParentID"] if row["ParentID"] != "root" else ""
        return Span(row["TraceID"], row["SpanID"], parent, _owner(row["PodName"]),
                    row["OperationName"], _at(row["StartTimeUnixNano"]), seconds,
                    pod=row["PodName"])  # fmt: skip

    files = sorted(path.glob("*trace*.csv*"))
    return [s for file in files for s in parsed_rows(file, problems, "traces", parse)]


def _logs(path: Path, problems: Problems) -> list[LogLine]:
    def parse(row: dict[str, str]) -> LogLine:
        text = _unwrapped(row["Log"])
        level = LEVEL.search(text[:120])
        severity = level[1].lower() if level else "info"
        return LogLine(_at(row["TimeUnixNano"]), _owner(row["PodName"]), severity, text[:600],
                       row.get("TraceID") or "", row["PodName"], row.get("SpanID") or "")  # fmt: skip

    files = sorted(path.glob("*log*.csv*"))
    found = [line for file in files for line in parsed_rows(file, problems, "logs", parse)]
    # Minute files of one recording overlap at their seams.
    return sorted(dict.fromkeys(found), key=lambda line: line.at)


def _at(nanoseconds: str) -> datetime:
    return datetime.fromtimestamp(float(nanoseconds) / 1e9, UTC)


def _unwrapped(text: str) -> str:
    """Return the line inside the JSON that a container runtime wraps around it."""
    if not text.startswith("{"):
        return text
    try:
        inner = json.loads(text)
    except ValueError:
        return text
    return str(inner.get("log", text)).rstrip() if isinstance(inner, dict) else text


def _graph(spans: list[Span]) -> TopologyGraph:
    by_id = {(s.trace_id, s.span_id): s.resource for s in spans}
    edges = {
        (by_id[s.trace_id, s.parent_id], s.resource)
        for s in spans if (s.trace_id, s.parent_id) in by_id
    }  # fmt: skip
    found = tuple(TopologyEdge(a, b) for a, b in sorted(edges) if a != b)
    return TopologyGraph(tuple(sorted({s.resource for s in spans})), found)
