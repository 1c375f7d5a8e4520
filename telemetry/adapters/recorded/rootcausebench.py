"""edgedelta/root-cause-bench: an alert, logs, metrics, traces, commits, deploys, flags."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.naming import meaning_of
from telemetry.adapters.recorded.recording import Recording, read_head, windows
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import (
    Problems,
    checked,
    kept,
    note,
    parsed_lines,
    parsed_rows,
    read_json,
)
from telemetry.adapters.recorded.workspace import at_of
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
BUMPED = re.compile(r"^\+\s*([\w.-]+(?:/[\w.-]+)+) v\d", re.M)


def is_it(path: Path) -> bool:
    """An alert beside a context folder or files of telemetry."""
    parts = ("context", "metrics.csv", "logs.ndjson", "traces.json")
    return (path / "alert.json").exists() and any((path / part).exists() for part in parts)


def load(path: Path) -> Recording:
    """Load one case."""
    problems: Problems = {}
    head = read_head(path / "alert.json")
    meaning = meaning_of(str(head.get("metric", "")))
    alert = AlertFiring(
        name=str(head.get("monitor", head.get("metric", "alert"))),
        resource=service(str(head["service"])),
        summary=str(head.get("summary", "")),
        starts_at=at_of(str(head["fired_at"])),
        severity=str(head.get("severity", "")),
        semantic=meaning.semantic if meaning else None,
        value=_number(head.get("observed")),
        labels={k: str(head[k]) for k in ("metric", "threshold") if k in head},
    )
    builder = SeriesBuilder()

    def sample(row: dict[str, str]) -> None:
        at = at_of(row["timestamp"]).timestamp()
        builder.add(service(row["service"]), row["metric"], at, row["value"])

    for _ in parsed_rows(path / "metrics.csv", problems, "metrics", sample):
        pass
    spans = _spans(path, problems)
    data = MemoryData(
        name=f"root-cause-bench {path.name}",
        series=kept(builder.build(), problems, "metrics"),
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


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _logs(path: Path, problems: Problems) -> list[LogLine] | None:
    found = list(parsed_lines(path / "logs.ndjson", problems, "logs", _line))
    return kept(sorted(found, key=lambda line: line.at), problems, "logs")


def _line(row: object) -> LogLine:
    if not isinstance(row, dict):
        raise TypeError("not an object")
    # A collector that keeps the stack beside the message writes one line all the same.
    stack = [str(v) for k, v in row.items() if k.endswith(("stack", "stacktrace")) and v]
    return LogLine(at_of(str(row["timestamp"])), service(str(row["service"])),
                   str(row.get("severity_text", "")).lower(), "\n".join([str(row.get("msg", "")), *stack]),
                   str(row.get("trace_id", "")))  # fmt: skip


def _spans(path: Path, problems: Problems) -> list[Span] | None:
    rows = _rows(path / "traces.json", problems, "traces")
    found = checked(path / "traces.json", rows, problems, "traces", _span)
    return kept(found, problems, "traces")


def _span(r: Row) -> Span:
    known = {
        "trace_id",
        "span_id",
        "parent_id",
        "service",
        "name",
        "start",
        "duration_ms",
        "status",
    }
    more = tuple((k, str(v)) for k, v in r.items() if k not in known)
    return Span(str(r["trace_id"]), str(r["span_id"]), str(r.get("parent_id") or ""),
                service(str(r["service"])), str(r.get("name", "")), at_of(str(r["start"])),
                float(str(r.get("duration_ms", 0))) / 1000,
                str(r.get("status", "")).upper() == "ERROR", attributes=more)  # fmt: skip


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


def _changes(path: Path, problems: Problems) -> list[ChangeEvent] | None:
    context = path / "context"
    commits = {str(c.get("sha")): c for c in _rows(context / "commits.json", problems, "changes")}

    def deploy(row: Row) -> ChangeEvent:
        sha = str(row.get("commit_sha", ""))
        commit = commits.get(sha, {})
        return ChangeEvent(
            id=sha or str(row.get("version", "")), at=at_of(str(row["timestamp"])),
            kind=ChangeKind.DEPLOY, resource=service(str(row["service"])),
            summary=str(commit.get("message", row.get("version", ""))),
            author=str(commit.get("author", "")), revision_after=str(row.get("version", "")),
            diff=str(commit.get("diff") or ""),
            attributes=(("files", ", ".join(_texts(commit.get("files_changed")))),),
        )  # fmt: skip

    found = []
    for name, parse in (("deploys", deploy), ("flags", _flag)):
        file = context / f"{name}.json"
        found += checked(file, _rows(file, problems, "changes"), problems, "changes", parse)
    found += carried(found, list(commits.values()))
    return kept(sorted(found, key=lambda change: change.at), problems, "changes")


def carried(deploys: Sequence[ChangeEvent], commits: Sequence[Row]) -> list[ChangeEvent]:
    """Return the commits of our own modules that a deploy brings along by a newer version of them.

    The commit is told as a change of whom was deployed, at that time.
    """
    known = {change.id for change in deploys}
    found = []
    for deploy in deploys:
        for folder in {f for m in BUMPED.finditer(deploy.diff) for f in _folders(m[1])}:
            for commit in commits:
                sha, at = str(commit.get("sha", "")), str(commit.get("timestamp", ""))
                files = _texts(commit.get("files_changed"))
                is_of_it = any(f.startswith(f"{folder}/") for f in files) and commit.get("diff")
                if sha in known or not is_of_it or not at or at_of(at) > deploy.at:
                    continue
                known.add(sha)
                found.append(replace(
                    deploy, id=sha, summary=str(commit.get("message", "")),
                    author=str(commit.get("author", "")), diff=str(commit["diff"]),
                    attributes=(("files", ", ".join(files)), ("carried_by", deploy.id)),
                ))  # fmt: skip
    return found


def _folders(module: str) -> list[str]:
    """Return where a module may lie in the repository: the tails of its name, the host left out."""
    parts = module.split("/")
    return ["/".join(parts[i:]) for i in range(1, len(parts))]


def _flag(row: Row) -> ChangeEvent:
    before, _, after = str(row.get("change", "")).partition("->")
    return ChangeEvent(
        id=f"flag-{row.get('flag', '')}", at=at_of(str(row["timestamp"])), kind=ChangeKind.FLAG,
        resource=service(str(row.get("service", "unknown"))),
        summary=f"{row.get('flag', '')}: {row.get('change', '')}", author=str(row.get("actor", "")),
        revision_before=before if after else "", revision_after=after,
    )  # fmt: skip


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _rows(file: Path, problems: Problems, part: str) -> list[Row]:
    found = read_json(file, problems, part)
    if isinstance(found, list):
        return [row for row in found if isinstance(row, dict)]
    if found is not None:
        note(problems, part, f"{file.name} is not a list")
    return []
