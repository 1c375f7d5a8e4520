"""Files that unpack to far more than they are, or nest endlessly, cost a sentence and no memory."""

import gzip
import lzma
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded import RecordingError, files, open_recording
from telemetry.adapters.recorded.writing import write_recording
from telemetry.types import AlertFiring, TimeWindow, service

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMIT = 4_000_000
DEEP = "[" * 200_000


@pytest.fixture(autouse=True)
def small_limit(monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", LIMIT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording in our own format with an alert and nothing else."""
    alert = AlertFiring("slow", service("payments"), "payments is slow", NOON)
    write_recording(
        tmp_path, MemoryData(name="x"), title="slow", alert=alert,
        window=TimeWindow(NOON, NOON + timedelta(minutes=10)),
        baseline=TimeWindow(NOON - timedelta(minutes=20), NOON),
    )  # fmt: skip
    return tmp_path


@pytest.mark.parametrize("name", ["metrics.csv.gz", "logs.ndjson.gz", "traces.ndjson.gz"])
def test_a_bomb_of_one_endless_line_is_a_gap_that_names_the_file(folder: Path, name: str) -> None:
    with gzip.open(folder / name, "wb") as file:
        for _ in range(40):
            file.write(b"0" * 1_000_000)
    tracemalloc.start()
    recording = open_recording(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * LIMIT
    assert name in " ".join(recording.data.problems.values())


def test_a_packed_bomb_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "case.json.xz"
    path.write_bytes(lzma.compress(b" " * 40_000_000))
    with pytest.raises(RecordingError):
        open_recording(path)


def test_a_packed_file_that_ends_too_early_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "case.json.xz"
    path.write_bytes(lzma.compress(b'{"tool_cache": {}}' * 1000)[:-20])
    with pytest.raises(RecordingError):
        open_recording(path)


@pytest.mark.parametrize("name", ["topology.json", "changes.json", "cluster.json"])
def test_endless_nesting_is_a_gap(folder: Path, name: str) -> None:
    (folder / name).write_text(DEEP)
    recording = open_recording(folder)
    assert "nested too deeply" in " ".join(recording.data.problems.values())


def test_endless_nesting_where_the_format_is_told_is_a_plain_error(tmp_path: Path) -> None:
    for name in ("incident.json", "alert.json"):
        (tmp_path / name).write_text(DEEP)
    with pytest.raises(RecordingError, match="nested too deeply"):
        open_recording(tmp_path)
