"""edgedelta/root-cause-bench: an alert, logs, metrics, traces, commits, deploys, flags."""

import json
from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.naming import meaning_of
from telemetry.adapters.recorded.recording import Recording, RecordingError, read_json, windows
from telemetry.adapters.recorded.tables import SeriesBuilder, read_rows
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ChangeKind,
    LogLine,
    Span,
    TopologyEdge,
    TopologyGraph,
    service,
)

Row = dict[str, object]


def is_it(path: Path) -> bool:
    """An alert beside a context folder."""
    return (path / "alert.json").exists() and (path / "context").is_dir()


def _at(text: object) -> datetime:
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def load(path: Path) -> Recording:
    """Load one case."""
    problems: dict[str, str] = {}
    head = read_json(path / "alert.json", problems, "alert")
    if not isinstance(head, dict):
        raise RecordingError(f"{path}: {problems.get('alert', 'alert.json is not an object')}")
    meaning = meaning_of(str(head.get("metric", "")))
    alert = AlertFiring(
        name=str(head.get("monitor", head.get("metric", "alert"))),
        resource=service(str(head["service"])),
        summary=str(head.get("summary", "")),
        starts_at=_at(head["fired_at"]),
        severity=str(head.get("severity", "")),
        semantic=meaning.semantic if meaning else None,
    )
    builder = SeriesBuilder()
    for row in read_rows(path / "metrics.csv", problems, "metrics"):
        at = _at(row["timestamp"]).timestamp()
        builder.add(service(row["service"]), row["metric"], at, row["value"])
    spans = _spans(path, problems)
    data = MemoryData(
        name=f"root-cause-bench {path.name}",
        series=builder.build() or None,
        logs=_logs(path, problems),
        spans=spans,
        changes=_changes(path, problems),
        graph=_graph(spans),
        alerts=[alert],
        problems=problems,
    )
    times = [float(s.times[0]) for s in data.series or []] or [alert.starts_at.timestamp() - 3600]
    last = [float(s.times[-1]) for s in data.series or []] or [alert.starts_at.timestamp()]
    first = datetime.fromtimestamp(min(times), UTC)
    end = max(datetime.fromtimestamp(max(last) + 60, UTC), alert.starts_at)
    window, baseline = windows(alert.starts_at, end, first)
    return Recording("rootcausebench", alert.summary or alert.name, data, alert, window, baseline)


def _logs(path: Path, problems: dict[str, str]) -> list[LogLine] | None:
    found: list[LogLine] = []
    number = 0
    try:
        text = (path / "logs.ndjson").read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):  # noqa: B007  # told in the error
            row = json.loads(line)
            found.append(LogLine(_at(row["timestamp"]), service(row["service"]),
                                 str(row.get("severity_text", "")).lower(), str(row.get("msg", "")),
                                 str(row.get("trace_id", ""))))  # fmt: skip
    except FileNotFoundError:
        problems["logs"] = "logs.ndjson is missing from this recording"
        return None
    except (ValueError, KeyError) as error:
        problems["logs"] = f"logs.ndjson cannot be read after line {number} ({error})"
    return found or None


def _spans(path: Path, problems: dict[str, str]) -> list[Span] | None:
    rows = read_json(path / "traces.json", problems, "traces")
    if not isinstance(rows, list):
        return None
    return [
        Span(str(r["trace_id"]), str(r["span_id"]), str(r.get("parent_id") or ""),
             service(str(r["service"])), str(r.get("name", "")), _at(r["start"]),
             float(r.get("duration_ms", 0)) / 1000, str(r.get("status", "")).upper() == "ERROR")
        for r in rows
    ]  # fmt: skip


def _graph(spans: list[Span] | None) -> TopologyGraph | None:
    by_id = {(s.trace_id, s.span_id): s for s in spans or []}
    edges = {
        (by_id[s.trace_id, s.parent_id].resource, s.resource)
        for s in spans or []
        if (s.trace_id, s.parent_id) in by_id
    }
    resources = sorted({end for edge in edges for end in edge})
    found = tuple(TopologyEdge(a, b) for a, b in sorted(edges) if a != b)
    return TopologyGraph(tuple(resources), found) if found else None


def _changes(path: Path, problems: dict[str, str]) -> list[ChangeEvent]:
    commits = {str(c["sha"]): c for c in _rows(path, "commits", problems)}
    found = []
    for row in _rows(path, "deploys", problems):
        sha = str(row.get("commit_sha", ""))
        commit = commits.get(sha, {})
        found.append(
            ChangeEvent(
                id=sha or str(row.get("version", "")), at=_at(row["timestamp"]),
                kind=ChangeKind.DEPLOY, resource=service(str(row["service"])),
                summary=str(commit.get("message", row.get("version", ""))),
                author=str(commit.get("author", "")), revision_after=str(row.get("version", "")),
                diff=str(commit.get("diff", "")),
            )
        )  # fmt: skip
    for row in _rows(path, "flags", problems):
        found.append(
            ChangeEvent(
                id=f"flag-{row.get('flag', '')}", at=_at(row["timestamp"]), kind=ChangeKind.FLAG,
                resource=service(str(row.get("service", "unknown"))),
                summary=f"{row.get('flag', '')}: {row.get('change', '')}",
                author=str(row.get("actor", "")),
            )
        )  # fmt: skip
    return found


def _rows(path: Path, name: str, problems: dict[str, str]) -> list[Row]:
    found = read_json(path / "context" / f"{name}.json", problems, "changes")
    return [r for r in found if isinstance(r, dict)] if isinstance(found, list) else []
