"""One contract per port, held by the fake, by a recording on disk, and by the lab."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.inprocess import InProcessLabClient
from telemetry.adapters.lab import open_lab_sources
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.adapters.recorded import open_recording
from telemetry.adapters.recorded.writing import write_recording
from telemetry.ask import guarded
from telemetry.results import ResultStatus
from telemetry.types import ResourceRef, Semantic, TimeWindow
from tests.contract.suite import *  # noqa: F403  # the tests themselves
from tests.contract.suite import Subject
from tests.factories.worlds import started

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)
EMPTY = TimeWindow(NOW - timedelta(days=400), NOW - timedelta(days=399))
PAYMENTS = ResourceRef.parse("service/payments")


@pytest.fixture(scope="module")
def lab():
    return open_lab_sources(InProcessLabClient(started("bad_release_errors", now=NOW)))


@pytest.fixture(scope="module")
def captured(lab):
    """What the lab answers, as plain values."""
    step = 10.0
    return MemoryData(
        name="captured",
        series=list(lab.metrics.read_semantic([], list(Semantic), WINDOW, step_seconds=step).data),
        logs=list(lab.logs.lines([], WINDOW, limit=5000).data),
        spans=list(lab.traces.spans([], WINDOW, limit=5000).data),
        cluster=lab.cluster.state([], WINDOW).data,
        changes=list(lab.changes.changes([], WINDOW).data),
        databases=list(lab.database.inspect([], WINDOW).data),
        graph=lab.topology.graph(WINDOW).data,
        alerts=list(lab.alerts.alerts(WINDOW).data),
    )


@pytest.fixture(params=["fake", "recorded", "lab"])
def subject(request, lab, captured, tmp_path):
    return Subject(
        guarded(_opened(request.param, lab, captured, tmp_path)), WINDOW, EMPTY, PAYMENTS
    )


def _opened(name, lab, captured, tmp_path):
    if name == "lab":
        return lab
    if name == "fake":
        return open_memory_sources(captured)
    write_recording(tmp_path / "r", captured, title="captured", alert=captured.alerts[0], window=WINDOW,
                    baseline=TimeWindow(WINDOW.start - timedelta(minutes=10), WINDOW.start))  # fmt: skip
    return open_memory_sources(open_recording(tmp_path / "r").data)


@pytest.mark.parametrize(
    ("file", "part"),
    [("metrics.csv", "metrics"), ("logs.ndjson", "logs"), ("traces.ndjson", "traces"),
     ("changes.json", "changes"), ("cluster.json", "cluster"), ("database.json", "database")],
)  # fmt: skip
@pytest.mark.parametrize("damage", ["missing", "corrupt"])
def test_a_damaged_file_is_a_gap_that_names_it(captured, tmp_path, file, part, damage) -> None:
    folder = tmp_path / "r"
    write_recording(folder, captured, title="x", alert=captured.alerts[0], window=WINDOW,
                    baseline=TimeWindow(WINDOW.start - timedelta(minutes=10), WINDOW.start))  # fmt: skip
    (folder / file).unlink()
    if damage == "corrupt":
        (folder / file).write_text('{"broken')
    found = guarded(open_memory_sources(open_recording(folder).data))
    answer = {
        "metrics": lambda: found.metrics.catalogue([], WINDOW),
        "logs": lambda: found.logs.lines([], WINDOW),
        "traces": lambda: found.traces.spans([], WINDOW),
        "changes": lambda: found.changes.changes([], WINDOW),
        "cluster": lambda: found.cluster.state([], WINDOW),
        "database": lambda: found.database.inspect([], WINDOW),
    }[part]()
    assert answer.status == ResultStatus.ERROR
    assert file in answer.message
