"""azamikram/rcd (Sock Shop): one table before and one during, a column per service and metric."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import Problems, table_of
from telemetry.types import AlertFiring, FloatArray, Semantic, TimeWindow, service

ENTRY_HINTS = ("front-end", "frontend", "gateway", "ui", "web")


@dataclass(frozen=True)
class _Table:
    """Times in Unix seconds, and the cells of each column by its name."""

    times: FloatArray
    columns: dict[str, tuple[str, ...]]


def is_it(path: Path) -> bool:
    """Two tables, normal and anomalous."""
    return any(path.glob("normal.csv*")) and any(path.glob("anomalous.csv*"))


def load(path: Path) -> Recording:
    """Load one case. The symptom is the entry service's own latency from the second table on."""
    problems: Problems = {}
    builder = SeriesBuilder()
    normal, anomalous = (_table(path, part, problems) for part in ("normal", "anomalous"))
    # The tables were taken apart from each other: normal is moved to end where the other begins.
    shift = anomalous.times[0] - normal.times[-1] - 1
    normal = replace(normal, times=normal.times + shift)
    both = np.concatenate([normal.times, anomalous.times])
    names = set()
    for column in dict.fromkeys((*normal.columns, *anomalous.columns)):
        name, _, metric = column.partition("_")
        names.add(name)
        parts = [part for part in (normal, anomalous) if column in part.columns]
        times = both if len(parts) > 1 else parts[0].times
        values = [value for part in parts for value in part.columns[column]]
        builder.add_column(service(name), metric, times, values)
    entry = next((n for hint in ENTRY_HINTS for n in sorted(names) if hint in n), sorted(names)[0])
    begin, split, end = (
        datetime.fromtimestamp(t, UTC)
        for t in (normal.times[0], anomalous.times[0], anomalous.times[-1] + 1)
    )
    alert = AlertFiring("Slow", service(entry), f"{entry} is slow", split, "critical",
                        Semantic.LATENCY_P99_SECONDS)  # fmt: skip
    data = MemoryData(name=f"rcd {path.name}", series=builder.build(), alerts=[alert],
                      problems=problems)  # fmt: skip
    return Recording("rcd", f"{entry} is slow", data, alert, TimeWindow(split, end),
                     TimeWindow(begin, split))  # fmt: skip


def _table(path: Path, part: str, problems: Problems) -> _Table:
    """Return one table; samples whose clock stands still are a second apart."""
    file = next(iter(sorted(path.glob(f"{part}.csv*"))))
    header, rows = table_of(file, problems, "metrics", "time")
    if not rows:
        raise RecordingError(f"{path}: {problems.get('metrics', f'{file.name} has no rows')}")
    times: list[float] = []
    for stamp, _ in rows:
        times.append(max(stamp, times[-1] + 1) if times else stamp)
    columns = dict(zip(header, zip(*(cells for _, cells in rows), strict=True), strict=True))
    return _Table(np.array(times), {k: v for k, v in columns.items() if "_" in k})
