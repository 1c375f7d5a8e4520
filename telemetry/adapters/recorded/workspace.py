"""Our own format: a folder of open files. See docs/recorded-incident-format.md."""

import json
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError, read_json
from telemetry.adapters.recorded.tables import BROKEN, SeriesBuilder, open_text, read_rows
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ClusterState,
    DatabaseState,
    LogLine,
    ResourceRef,
    Semantic,
    Span,
    TimeWindow,
    TopologyGraph,
)

T = TypeVar("T")
VERSION = 1
LINES = TypeAdapter(LogLine)
SPANS = TypeAdapter(Span)
CHANGES = TypeAdapter(list[ChangeEvent])
STATE = TypeAdapter(ClusterState)
DATABASES = TypeAdapter(list[DatabaseState])
GRAPH = TypeAdapter(TopologyGraph)
ALERT = TypeAdapter(AlertFiring)


def is_it(path: Path) -> bool:
    """Whether the folder says that it is ours."""
    try:
        head = json.loads((path / "incident.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and head.get("format") == "sre-workspace-recording"


def load(path: Path) -> Recording:
    """Load a recording; a missing or corrupt file becomes a gap that names it."""
    head = json.loads((path / "incident.json").read_text(encoding="utf-8"))
    if head.get("version") != VERSION:
        raise RecordingError(f"{path}: version {head.get('version')} of the format is not known.")
    problems: dict[str, str] = {}
    try:
        alert = ALERT.validate_python(json.loads((path / "alert.json").read_text(encoding="utf-8")))
        window = TimeWindow(*(datetime.fromisoformat(t) for t in head["window"]))
        baseline = TimeWindow(*(datetime.fromisoformat(t) for t in head["baseline"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path}: alert.json or the windows of incident.json: {error}"
        ) from error
    data = MemoryData(
        name=f"recording {path.name}",
        series=_metrics(path, problems),
        logs=_lines(path, "logs", LINES, problems),
        spans=_lines(path, "traces", SPANS, problems),
        changes=_object(path, "changes", CHANGES, problems),
        cluster=_object(path, "cluster", STATE, problems, part="cluster state"),
        databases=_object(path, "database", DATABASES, problems, part="database state"),
        graph=_object(path, "topology", GRAPH, problems),
        alerts=[alert],
        problems=problems,
    )
    return Recording(
        "sre-workspace", str(head.get("title", path.name)), data, alert, window, baseline
    )


def _metrics(path: Path, problems: dict[str, str]) -> list | None:  # type: ignore[type-arg]
    builder = SeriesBuilder()
    semantics: dict[str, Semantic] = {}
    file = path / "metrics.csv.gz" if (path / "metrics.csv.gz").exists() else path / "metrics.csv"
    count = 0
    for row in read_rows(file, problems, "metrics"):
        try:
            resource = ResourceRef.parse(row["resource"])
            peer = ResourceRef.parse(row["peer"]) if row.get("peer") else None
            at = datetime.fromisoformat(row["time"]).timestamp()
            if row.get("semantic"):
                semantics[row["name"]] = Semantic(row["semantic"])
            builder.add(resource, row["name"], at, row["value"], peer)
            count += 1
        except (KeyError, ValueError, TypeError) as error:
            problems["metrics"] = f"{file.name}: row {count + 1} cannot be read ({error})"
            break
    return builder.build(semantics=semantics) if count else None


def _lines(path: Path, name: str, adapter: TypeAdapter[T], problems: dict[str, str]
           ) -> list[T] | None:  # fmt: skip
    packed = path / f"{name}.ndjson.gz"
    file = packed if packed.exists() else path / f"{name}.ndjson"
    found: list[T] = []
    number = 0
    try:
        with open_text(file) as lines:
            for number, line in enumerate(lines, 1):  # noqa: B007  # told in the error
                if line.strip():
                    found.append(adapter.validate_json(line))
    except FileNotFoundError:
        problems[name] = f"{file.name} is missing from this recording"
        return None
    except (ValidationError, *BROKEN) as error:
        reason = type(error).__name__
        problems[name] = f"{file.name} cannot be read after line {number} ({reason})"
    return found or None


def _object(
    path: Path, name: str, adapter: TypeAdapter[T], problems: dict[str, str], *, part: str = ""
) -> T | None:
    found = read_json(path / f"{name}.json", problems, part or name)
    if found is None:
        return None
    try:
        return adapter.validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        problems[part or name] = f"{name}.json: {place}: {first['msg']}"
        return None
