"""Writing a recorded incident in our own format: to keep one, or to make a fixture."""

import csv
import gzip
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, cast

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.workspace import FORMAT, VERSION
from telemetry.types import AlertFiring, ResourceRef, Series, TimeWindow

COLUMNS = ("time", "resource", "peer", "name", "semantic", "unit", "value")


def write_recording(
    folder: Path, data: MemoryData, *, title: str, alert: AlertFiring, window: TimeWindow,
    baseline: TimeWindow, is_packed: bool = False,
) -> None:  # fmt: skip
    """Write a recording into a folder, which is made if needed; files there are overwritten.

    What is None in ``data`` is not written. Labels of series, recorded edges and flows have no
    place in the format and are left out.
    ``is_packed`` writes metrics, logs and traces with gzip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    head = {
        "format": FORMAT, "version": VERSION, "title": title, "timezone": "UTC",
        "window": [plain(window.start), plain(window.end)],
        "baseline": [plain(baseline.start), plain(baseline.end)],
        "symptom": {"resource": str(alert.resource), "summary": alert.summary,
                    "started_at": plain(alert.starts_at)},
    }  # fmt: skip
    _json(folder / "incident.json", head)
    _json(folder / "alert.json", alert)
    if data.series is not None:
        _metrics(folder, data.series, is_packed=is_packed)
    for name, rows in (("logs", data.logs), ("traces", data.spans)):
        if rows is not None:
            _lines(folder, f"{name}.ndjson", rows, is_packed=is_packed)
    parts = (("changes", data.changes), ("cluster", data.cluster), ("database", data.databases),
             ("topology", data.graph))  # fmt: skip
    for name, part in parts:
        if part is not None:
            _json(folder / f"{name}.json", part)


def plain(value: object) -> object:
    """Return a value type as JSON data: resources by key, times in UTC, defaults left out."""
    if isinstance(value, ResourceRef):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        pairs = [(f, getattr(value, f.name)) for f in fields(value)]
        return {f.name: plain(v) for f, v in pairs if v != f.default}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _open(folder: Path, name: str, *, is_packed: bool) -> IO[str]:
    if is_packed:
        return cast("IO[str]", gzip.open(folder / f"{name}.gz", "wt", encoding="utf-8", newline=""))
    return (folder / name).open("w", encoding="utf-8", newline="")


def _lines(folder: Path, name: str, rows: Iterable[object], *, is_packed: bool) -> None:
    with _open(folder, name, is_packed=is_packed) as file:
        file.writelines(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)


def _metrics(folder: Path, series: Iterable[Series], *, is_packed: bool) -> None:
    with _open(folder, "metrics.csv", is_packed=is_packed) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in series:
            ref = one.ref
            known = (str(ref.resource), str(ref.peer or ""), ref.name, ref.semantic or "", ref.unit)
            for at, value in zip(one.times.tolist(), one.values.tolist(), strict=True):
                stamp = plain(datetime.fromtimestamp(at, UTC))
                writer.writerow((stamp, *known, "" if value != value else repr(value)))
