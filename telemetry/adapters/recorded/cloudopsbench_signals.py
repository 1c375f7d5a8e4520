"""Cloud-OpsBench's logs, alerts and metrics as what the ports return."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from telemetry.adapters.recorded.kubectl_state import owner
from telemetry.types import (
    AlertFiring,
    ClusterState,
    FloatArray,
    LogLine,
    ResourceKind,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    service,
)

STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?[+-]\d\d:?\d\d\b")
LEVEL = re.compile(r"\b(trace|debug|info|warn(?:ing)?|error|fatal|panic|exception)\b", re.I)
SERIOUS = re.compile(r"\b(\w*exception|\w*error|denied|refused|fatal|failed|too many)\b", re.I)
WORDS = {"panic": "fatal", "exception": "error", "warn": "warning"}
STATUS = re.compile(r"\b([45]\d\d)\b")
CLAUSE = re.compile(r"(?:([\w-]+): ?)?(?:Normal=([\d.]+)(\S*) )?-> Cur(?:rent)?=([\d.]+)([^\s|]*)")
MAX_BODY = 900
MAX_REPEATS = 30
STEP_SECONDS = 5.0
S = Semantic
# Column suffix: meaning, unit, factor. CPU is scaled by the limit; success becomes errors.
COLUMNS: dict[str, tuple[Semantic | None, str, float]] = {
    "cpu": (S.CPU_UTILISATION_RATIO, "ratio", 1.0),
    "cpu_cfs": (S.CPU_THROTTLED_RATIO, "ratio", 1.0),
    "mem": (S.MEMORY_WORKING_SET_BYTES, "bytes", 1.0),
    "rps": (S.REQUEST_RATE, "per_second", 1.0),
    "success_rate": (S.ERROR_RATIO, "ratio", 1.0),
    "p50latency": (S.LATENCY_P50_SECONDS, "seconds", 1e-3),
    "p90latency": (S.LATENCY_P99_SECONDS, "seconds", 1e-3),
    "p95latency": (S.LATENCY_P99_SECONDS, "seconds", 1e-3),
    "network_receive": (None, "per_second", 1.0),
    "network_transmit": (None, "per_second", 1.0),
    "tcp_retans": (S.NETWORK_RETRANSMIT_RATE, "per_second", 1.0),
}


def logs_of(recent: object, raw: Mapping[tuple[str, str], object], at: datetime) -> list[LogLine]:
    """Return the last lines of every service, and its errors as the error search told them."""
    found = []
    for name, lines in recent.items() if isinstance(recent, dict) else ():
        for line in lines if isinstance(lines, list) else str(lines).splitlines():
            found.append(_line(str(name), str(line), at - timedelta(seconds=20)))
    for (tool, name), answer in raw.items():
        if tool == "GetErrorLogs":
            for text, count in _errors(answer):
                found += [
                    _line(name, text, at - timedelta(seconds=10 + i), "error")
                    for i in range(max(1, min(count, MAX_REPEATS)))
                ]
    return found


def _line(name: str, text: str, at: datetime, severity: str = "") -> LogLine:
    stamp = STAMP.match(text)
    if stamp:
        # The capture's own clock has no zone either: both are the local time of the cluster.
        at = min(at, datetime.fromisoformat(stamp[1]).replace(tzinfo=UTC))
        text = text[stamp.end() :].lstrip()
    level = LEVEL.search(text[:200])
    word = level[1].lower() if level else "error" if SERIOUS.search(text) else "info"
    plain, _, container = name.partition(".")
    pod = f"{plain}/{container}" if container else ""
    return LogLine(
        at, service(owner(plain)), severity or WORDS.get(word, word), text[:MAX_BODY], "", pod
    )


def _errors(answer: object) -> Iterator[tuple[str, int]]:
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            answer = [answer] if str(answer).strip() else []
    if isinstance(answer, dict) and isinstance(answer.get("patterns"), list):
        for row in answer["patterns"]:
            yield str(row.get("sample") or row.get("pattern") or ""), int(row.get("count") or 1)
    elif isinstance(answer, dict):
        for lines in answer.values():
            yield from ((str(line), 1) for line in lines if isinstance(lines, list))
    elif isinstance(answer, list):
        yield from ((str(line), 1) for line in answer)


def alerts_of(answer: object, state: ClusterState) -> list[AlertFiring]:
    """Return alerts, one for each measure: ``labels`` say the measure and its usual value."""
    rows = answer.get("alerts") if isinstance(answer, dict) else None
    return [a for row in rows or [] if isinstance(row, dict) for a in _firing(row, state)]


def refusals_of(answer: object, at: datetime) -> list[AlertFiring]:
    """Return requests that clients saw fail: ``labels`` say the status and the path."""
    rows = answer.get("alerts") if isinstance(answer, dict) else None
    found = []
    for row in rows or []:
        status = STATUS.search(str(row.get("raw_error", ""))) if isinstance(row, dict) else None
        if status and row.get("entry_service"):
            path, name = str(row.get("url", "")), str(row["entry_service"])
            summary = f"{row.get('request_method', '')} {path}: {row['raw_error']}".strip()
            found.append(
                AlertFiring("RequestFails", service(name), summary, at, "warning",
                            labels={"status": status[1], "path": path})
            )  # fmt: skip
    return found


def _firing(row: Mapping[str, object], state: ClusterState) -> Iterator[AlertFiring]:
    begin, _, end = str(row.get("time_range", "")).partition("~")
    try:
        starts, ends = (datetime.fromisoformat(t.strip()).replace(tzinfo=UTC) for t in (begin, end))
    except ValueError:
        return
    name = str(row.get("name", ""))
    is_node = row.get("type") == "Node" or name in {n.name for n in state.nodes}
    ref = ResourceRef(ResourceKind.NODE, name) if is_node else service(owner(name))
    evidence = row.get("evidence")
    for text in evidence if isinstance(evidence, list) else []:
        head, _, rest = str(text).partition("|")
        labels = {"kind": head.strip(), "ends_at": ends.isoformat()}
        numbers: list[re.Match[str] | None] = [*CLAUSE.finditer(rest)] or [None]
        for match in numbers:
            if match is None:
                yield AlertFiring(head.strip(), ref, str(text), starts, "warning", labels=labels)
                continue
            measure = (match[1] or "").removeprefix(f"{name}-")
            more = {"measure": measure, "usual": match[2] or "0", "unit": match[5].strip("() ")}
            yield AlertFiring(head.strip(), ref, str(text), starts, "warning", _semantic(measure, head),
                              float(match[4]), {**labels, **more})  # fmt: skip


def _semantic(measure: str, head: str) -> Semantic | None:
    if measure in COLUMNS:
        return COLUMNS[measure][0]
    words = (
        ("RPS", S.REQUEST_RATE),
        ("Success", S.ERROR_RATIO),
        ("Retrans", S.NETWORK_RETRANSMIT_RATE),
    )
    return next((semantic for word, semantic in words if word in head), None)


def series_of(text: object, state: ClusterState, alerts: list[AlertFiring]) -> list[Series]:
    """Return the recorded series; where there are none, what the alerts tell of theirs."""
    if not isinstance(text, str) or not text.strip():
        return [s for a in alerts for s in _told(a)]
    rows, stamps = _rows(text)
    nodes = {n.name for n in state.nodes}
    limits = _limits(state)
    found = []
    for column in rows[0] if rows else ():
        name, _, measure = str(column).rpartition("-")
        if measure not in COLUMNS or not name:
            continue
        semantic, unit, factor = COLUMNS[measure]
        is_node = name in nodes
        ref = ResourceRef(ResourceKind.NODE, name) if is_node else service(owner(name))
        values = np.array([_number(r.get(column)) for r in rows], dtype=np.float64) * factor
        if measure == "cpu":
            values = values / (100.0 if is_node else limits.get(ref.name, float("nan")))
        elif measure == "success_rate":
            values = 1.0 - values
        if not np.isnan(values).all():
            labels = (("pod", name),) if ref.name != name else ()
            found.append(
                Series(SeriesRef(ref, column, semantic, None, unit, labels), stamps, values)
            )
    return found


def _rows(text: str) -> tuple[list[dict[str, str]], FloatArray]:
    """Return the rows with a time that can be read, in order, each time once."""
    kept: dict[float, dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        try:
            at = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC).timestamp()
        except (KeyError, TypeError, ValueError):
            continue
        kept.setdefault(at, row)
    times = sorted(kept)
    return [kept[t] for t in times], np.array(times, dtype=np.float64)


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def _limits(state: ClusterState) -> dict[str, float]:
    found = {}
    for workload in state.workloads:
        if workload.template and workload.template.containers:
            cores = dict(workload.template.containers[0].limits).get("cpu")
            if cores:
                found[workload.resource.name] = cores
    return found


def _told(alert: AlertFiring) -> Iterator[Series]:
    """Return the two levels that an alert states of its series, before and during."""
    if alert.semantic is None or alert.value is None:
        return
    factor = (
        1e-3
        if alert.labels.get("unit") == "ms"
        else 0.01
        if alert.labels.get("unit") == "%"
        else 1.0
    )
    usual, level = float(alert.labels.get("usual", 0)) * factor, alert.value * factor
    if alert.semantic is Semantic.ERROR_RATIO:
        usual, level = 1.0 - usual, 1.0 - level
    begin = alert.starts_at.timestamp()
    end = datetime.fromisoformat(alert.labels["ends_at"]).timestamp()
    times = np.arange(begin - 60, end, STEP_SECONDS)
    values = np.where(times < begin, usual, level)
    unit = next((u for s, u, _ in COLUMNS.values() if s is alert.semantic), "")
    name = f"alert {alert.labels.get('measure') or alert.name}"
    yield Series(SeriesRef(alert.resource, name, alert.semantic, None, unit), times, values)
