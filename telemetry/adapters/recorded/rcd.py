"""azamikram/rcd (Sock Shop): one table before and one during, a column per service and metric."""

from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.adapters.recorded.tables import SeriesBuilder, read_rows
from telemetry.types import AlertFiring, Semantic, TimeWindow, service

ENTRY_HINTS = ("front-end", "frontend", "gateway", "ui", "web")


def is_it(path: Path) -> bool:
    """Two tables, normal and anomalous."""
    return any(path.glob("normal.csv*")) and any(path.glob("anomalous.csv*"))


def load(path: Path) -> Recording:
    """Load one case. The symptom is the entry service's own latency from the second table on."""
    problems: dict[str, str] = {}
    builder = SeriesBuilder()
    starts: list[float] = []
    ends: list[float] = []
    names: set[str] = set()
    offset = 0.0
    for part in ("normal", "anomalous"):
        file = next(iter(path.glob(f"{part}.csv*")))
        times: list[float] = []
        for row in read_rows(file, problems, "metrics"):
            at = float(row.pop("time", 0) or 0) + offset
            if times and at <= times[-1]:
                at = times[-1] + 1
            if part == "anomalous" and not times and at <= ends[0]:
                offset = ends[0] + 1 - at
                at += offset
            times.append(at)
            for column, value in row.items():
                name, _, metric = column.partition("_")
                names.add(name)
                builder.add(service(name), metric, at, value)
        if not times:
            raise RecordingError(f"{path}: {problems.get('metrics', f'{file.name} has no rows')}")
        starts.append(times[0])
        ends.append(times[-1])
    entry = next((n for hint in ENTRY_HINTS for n in sorted(names) if hint in n), sorted(names)[0])
    begin, split, end = (
        datetime.fromtimestamp(t, UTC) for t in (starts[0], starts[1], ends[1] + 1)
    )
    alert = AlertFiring("Slow", service(entry), f"{entry} is slow", split, "critical",
                        Semantic.LATENCY_P99_SECONDS)  # fmt: skip
    data = MemoryData(name=f"rcd {path.name}", series=builder.build(), alerts=[alert],
                      problems=problems)  # fmt: skip
    return Recording("rcd", f"{entry} is slow", data, alert, TimeWindow(split, end),
                     TimeWindow(begin, split))  # fmt: skip
