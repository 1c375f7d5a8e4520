"""azamikram/rcd (Sock Shop): one table before and one during, a column per service and metric."""

from datetime import UTC, datetime
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.adapters.recorded.series import SeriesBuilder
from telemetry.adapters.recorded.tables import Problems, parsed_rows
from telemetry.types import AlertFiring, Semantic, TimeWindow, service

Sample = tuple[float, dict[str, str]]
ENTRY_HINTS = ("front-end", "frontend", "gateway", "ui", "web")


def is_it(path: Path) -> bool:
    """Two tables, normal and anomalous."""
    return any(path.glob("normal.csv*")) and any(path.glob("anomalous.csv*"))


def load(path: Path) -> Recording:
    """Load one case. The symptom is the entry service's own latency from the second table on."""
    problems: Problems = {}
    builder = SeriesBuilder()
    normal, anomalous = (_table(path, part, problems) for part in ("normal", "anomalous"))
    # The tables were taken apart from each other: normal is moved to end where the other begins.
    shift = anomalous[0][0] - normal[-1][0] - 1
    rows = [(at + shift, values) for at, values in normal] + anomalous
    columns = dict.fromkeys(column for _, values in rows for column in values)
    names = {column.partition("_")[0] for column in columns}
    for column in columns:
        name, _, metric = column.partition("_")
        found = ((stamp, values[column]) for stamp, values in rows if column in values)
        builder.add_column(service(name), metric, found)
    entry = next((n for hint in ENTRY_HINTS for n in sorted(names) if hint in n), sorted(names)[0])
    begin, split, end = (
        datetime.fromtimestamp(t, UTC)
        for t in (normal[0][0] + shift, anomalous[0][0], anomalous[-1][0] + 1)
    )
    alert = AlertFiring("Slow", service(entry), f"{entry} is slow", split, "critical",
                        Semantic.LATENCY_P99_SECONDS)  # fmt: skip
    data = MemoryData(name=f"rcd {path.name}", series=builder.build(), alerts=[alert],
                      problems=problems)  # fmt: skip
    return Recording("rcd", f"{entry} is slow", data, alert, TimeWindow(split, end),
                     TimeWindow(begin, split))  # fmt: skip


def _table(path: Path, part: str, problems: Problems) -> list[Sample]:
    """Return (time, values by column); samples whose clock stands still are a second apart."""
    file = next(iter(sorted(path.glob(f"{part}.csv*"))))
    rows: list[Sample] = []
    for stamp, values in parsed_rows(file, problems, "metrics", _row):
        rows.append((max(stamp, rows[-1][0] + 1) if rows else stamp, values))
    if not rows:
        raise RecordingError(f"{path}: {problems.get('metrics', f'{file.name} has no rows')}")
    return rows


def _row(row: dict[str, str]) -> Sample:
    stamp = float(row.pop("time", "") or 0)
    return stamp, {k: v for k, v in row.items() if "_" in k}
