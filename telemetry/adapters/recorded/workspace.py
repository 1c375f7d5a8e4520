"""Our own format: a folder of open files. See docs/recorded-incident-format.md."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.files import load_json
from telemetry.adapters.recorded.naming import unit_of
from telemetry.adapters.recorded.recording import Recording, RecordingError, read_head
from telemetry.adapters.recorded.tables import (
    Problems,
    either,
    kept,
    note,
    parsed_lines,
    parsed_rows,
    read_json,
)
from telemetry.types import (
    AlertFiring,
    ChangeEvent,
    ClusterState,
    DatabaseState,
    LogLine,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    Span,
    TimeWindow,
    TopologyGraph,
)

T = TypeVar("T")
FORMAT = "sre-workspace-recording"
VERSION = 1
# Where a file names a resource, it may write its key ("service/payments").
RESOURCE_KEYS = {"resource", "peer", "caller", "callee"}
RESOURCE_LISTS = {"resources", "runs_on"}


def is_it(path: Path) -> bool:
    """Whether the folder says that it is ours."""
    try:
        head = load_json(path / "incident.json")
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and head.get("format") == FORMAT


def load(path: Path) -> Recording:
    """Load a recording; a missing or corrupt file becomes a gap that names it."""
    head = read_head(path / "incident.json")
    if head.get("version") != VERSION:
        raise RecordingError(f"{path}: version {head.get('version')} of the format is not known.")
    problems: Problems = {}
    window, baseline = _window(path, head, "window"), _window(path, head, "baseline")
    told = _object(path, "alert", AlertFiring, problems, part="alerts")
    data = MemoryData(
        name=f"recording {path.name}",
        series=_metrics(path, problems),
        logs=_lines(path, "logs", LogLine, problems),
        spans=_lines(path, "traces", Span, problems),
        changes=_object(path, "changes", list[ChangeEvent], problems),
        cluster=_object(path, "cluster", ClusterState, problems, part="cluster state"),
        databases=_object(path, "database", list[DatabaseState], problems, part="database state"),
        graph=_object(path, "topology", TopologyGraph, problems),
        alerts=[told] if told else [],
        problems=problems,
    )
    alert = told or _symptom(path, head, window, problems)
    title = str(head.get("title", path.name))
    return Recording("sre-workspace", title, data, alert, window, baseline)


def _window(path: Path, head: Mapping[str, object], key: str) -> TimeWindow:
    try:
        times = head[key]
        start, end = times if isinstance(times, list) else [times]
        return TimeWindow(at_of(str(start)), at_of(str(end)))
    except (KeyError, ValueError) as error:
        raise RecordingError(f"{path / 'incident.json'}: {key}: {error}") from error


def _symptom(
    path: Path, head: Mapping[str, object], window: TimeWindow, problems: Problems
) -> AlertFiring:
    """Return the symptom of incident.json, where alert.json cannot be read."""
    symptom = head.get("symptom")
    try:
        given = dict(symptom)  # type: ignore[call-overload]  # checked by the except
        started = at_of(str(given.get("started_at", window.start.isoformat())))
        resource = ResourceRef.parse(str(given["resource"]))
        return AlertFiring("Symptom", resource, str(given["summary"]), started, "critical")
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{path}: {problems['alerts']}, and incident.json tells no symptom."
        ) from error


def at_of(text: str) -> datetime:
    """Read ISO 8601 or Unix seconds; a time without an offset is UTC."""
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _metrics(path: Path, problems: Problems) -> list[Series] | None:
    samples: dict[SeriesRef, list[tuple[float, float]]] = defaultdict(list)
    refs: dict[tuple[str | None, ...], SeriesRef] = {}

    def parse(row: dict[str, str]) -> None:
        key = tuple(row.get(k) for k in ("resource", "peer", "name", "semantic", "unit"))
        ref = refs.get(key)
        if ref is None:
            semantic = Semantic(row["semantic"]) if row.get("semantic") else None
            peer = ResourceRef.parse(row["peer"]) if row.get("peer") else None
            unit = row.get("unit") or (unit_of(semantic) if semantic else "")
            ref = SeriesRef(ResourceRef.parse(row["resource"]), row["name"], semantic, peer, unit)
            refs[key] = ref
        value = float(row["value"]) if row["value"] else float("nan")
        samples[ref].append((at_of(row["time"]).timestamp(), value))

    needed = ("time", "resource", "name", "value")
    for _ in parsed_rows(either(path, "metrics.csv"), problems, "metrics", parse, needed):
        pass
    found = []
    for ref, pairs in samples.items():
        table = np.array(sorted(dict(pairs).items()), dtype=np.float64)
        found.append(Series(ref, table[:, 0], table[:, 1]))
    return kept(found, problems, "metrics")


def _lines(path: Path, name: str, kind: type[T], problems: Problems) -> list[T] | None:
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    found = parsed_lines(
        either(path, f"{name}.ndjson"), problems, name,
        lambda row: in_utc(adapter.validate_python(expanded(row))),
    )  # fmt: skip
    return kept(list(found), problems, name)


def _object(
    path: Path, name: str, kind: type[T], problems: Problems, *, part: str = ""
) -> T | None:
    found = read_json(path / f"{name}.json", problems, part or name)
    if (part or name) in problems:
        return None
    try:
        return in_utc(TypeAdapter(kind).validate_python(expanded(found)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the whole"
        note(problems, part or name, f"{name}.json: {place}: {first['msg']}")
    except ValueError as error:
        note(problems, part or name, f"{name}.json: {error}")
    return None


def expanded(value: object, key: str = "") -> object:
    """Return JSON data with resource keys written out as the value types have them."""
    if isinstance(value, str) and key in RESOURCE_KEYS | RESOURCE_LISTS:
        ref = ResourceRef.parse(value)
        return {"kind": ref.kind, "name": ref.name, "namespace": ref.namespace}
    if isinstance(value, dict):
        return {k: expanded(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [expanded(v, key if key in RESOURCE_LISTS else "") for v in value]
    return value


def in_utc(value: T) -> T:
    """Return value types with every time that has no offset taken for UTC."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, (list, tuple)):
        return type(value)(in_utc(v) for v in value)
    if not is_dataclass(value) or isinstance(value, (type, ResourceRef)):
        return value
    old = {f.name: getattr(value, f.name) for f in fields(value)}
    new = {k: in_utc(v) for k, v in old.items() if isinstance(v, (datetime, list, tuple))}
    changed = {k: v for k, v in new.items() if v is not old[k] and v != old[k]}
    return replace(value, **changed) if changed else value
