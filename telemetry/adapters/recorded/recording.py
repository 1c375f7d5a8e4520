"""A recorded incident in memory, and finding out what format a path has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.adapters.recorded.files import load_json
from telemetry.adapters.recorded.tables import BAD_ROW, BROKEN
from telemetry.errors import TelemetryError
from telemetry.ports import TelemetrySources
from telemetry.types import AlertFiring, ResourceRef, TimeWindow, TopologyGraph, service

HEADS = ("incident.json", "alert.json")


class RecordingError(TelemetryError):
    """The path holds no recording that can be read. ``str()`` says what was looked for."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded incident: its telemetry, the symptom, and the windows to compare."""

    format: str
    title: str
    data: MemoryData
    alert: AlertFiring
    window: TimeWindow
    baseline: TimeWindow

    @property
    def sources(self) -> TelemetrySources:
        """Every port over the recording."""
        return open_memory_sources(self.data)


Loader = Callable[[Path], Recording]


def windows(
    started_at: datetime, end: datetime, first: datetime, *, lead: timedelta = timedelta(minutes=5)
) -> tuple[TimeWindow, TimeWindow]:
    """Return (window, baseline): the window begins ``lead`` before the symptom, the rest is before.

    When less was recorded before the symptom, the split lies in the middle of what there is.
    """
    begin = started_at - lead
    if begin - first < timedelta(seconds=30):
        begin = first + (started_at - first) / 2
    begin = max(begin, first + timedelta(seconds=1))
    return TimeWindow(begin, max(end, begin + timedelta(seconds=2))), TimeWindow(first, begin)


def entry_of(graph: TopologyGraph, *, default: str = "unknown") -> ResourceRef:
    """Return where users come in: what nobody calls and itself calls the most."""
    called = {edge.callee for edge in graph.edges}
    roots = [r for r in graph.resources if r not in called and graph.callees(r)]
    return max(roots, key=lambda r: len(graph.callees(r)), default=service(default))


def read_head(path: Path) -> dict[str, object]:
    """Return the JSON object that a format cannot do without.

    Raises:
        RecordingError: It is missing, unreadable or no object; names the file.
    """
    try:
        found = load_json(path)
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise RecordingError(f"{path} is not a JSON object.")
    return found


def detect_format(path: Path) -> str:
    """Return the name of the format of a path.

    Raises:
        RecordingError: Nothing is there, the folder is empty, or no format fits.
    """
    from telemetry.adapters.recorded.formats import FORMATS  # noqa: PLC0415  # formats build on us

    if not path.exists():
        raise RecordingError(f"There is nothing at {path}.")
    if path.is_dir() and not any(path.iterdir()):
        raise RecordingError(f"{path} is empty: it holds no recorded incident.")
    for name, (is_it, _) in FORMATS.items():
        if is_it(path):
            return name
    for head in HEADS:
        if (path / head).exists():
            read_head(path / head)
    known = ", ".join(FORMATS)
    raise RecordingError(f"{path} is in no format known here. Known: {known}.")


def open_recording(path: str | Path) -> Recording:
    """Open a recorded incident in whatever known format it is.

    Raises:
        RecordingError: See :func:`detect_format`, or its symptom cannot be told.
    """
    from telemetry.adapters.recorded.formats import FORMATS  # noqa: PLC0415  # formats build on us

    found = Path(path).expanduser().absolute()
    name = detect_format(found)
    try:
        return FORMATS[name][1](found)
    except (*BAD_ROW, *BROKEN) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RecordingError(f"{found} looks like {name} but cannot be read ({reason}).") from error
