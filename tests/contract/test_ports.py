"""One contract per port, held by the fake, by a recording on disk, and by the lab."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.inprocess import InProcessLabClient
from lab.world import LabWorld
from telemetry.adapters.lab import open_lab_sources
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.adapters.recorded import open_recording
from telemetry.adapters.recorded.writing import write_recording
from telemetry.ask import guarded
from telemetry.results import ResultStatus
from telemetry.types import ResourceRef, Semantic, TimeWindow

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)
EMPTY = TimeWindow(NOW - timedelta(days=400), NOW - timedelta(days=399))
PAYMENTS = ResourceRef.parse("service/payments")
DATABASE = ResourceRef.parse("database/orders-db")


@pytest.fixture(scope="module")
def lab():
    world = LabWorld(seed=1)
    world.start("bad_release_errors", now=NOW)
    return open_lab_sources(InProcessLabClient(world))


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
def sources(request, lab, captured, tmp_path):
    if request.param == "lab":
        return guarded(lab)
    if request.param == "fake":
        return guarded(open_memory_sources(captured))
    write_recording(tmp_path / "r", captured, title="captured", alert=captured.alerts[0], window=WINDOW,
                    baseline=TimeWindow(WINDOW.start - timedelta(minutes=10), WINDOW.start))  # fmt: skip
    return guarded(open_memory_sources(open_recording(tmp_path / "r").data))


QUESTIONS = {
    "catalogue": lambda s, r, w: s.metrics.catalogue(r, w),
    "series": lambda s, r, w: s.metrics.read_semantic(
        r, [Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO], w, step_seconds=10),
    "lines": lambda s, r, w: s.logs.lines(r, w),
    "edges": lambda s, r, w: s.traces.edges(r, w),
    "spans": lambda s, r, w: s.traces.spans(r, w),
    "changes": lambda s, r, w: s.changes.changes(r, w),
    "alerts": lambda s, r, w: s.alerts.alerts(w),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_answers_carry_their_provenance(sources, name) -> None:
    answer = QUESTIONS[name](sources, [], WINDOW)
    assert answer.status in {ResultStatus.OK, ResultStatus.PARTIAL}, answer.message
    assert answer.data
    assert answer.provenance.query
    assert answer.provenance.source
    assert answer.provenance.window == WINDOW


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_an_empty_window_is_no_data_and_no_error(sources, name) -> None:
    answer = QUESTIONS[name](sources, [], EMPTY)
    assert (answer.status, len(answer.data)) == (ResultStatus.NO_DATA, 0)


def test_only_what_was_asked_is_answered(sources) -> None:
    for series in QUESTIONS["series"](sources, [PAYMENTS], WINDOW).data:
        assert series.ref.resource == PAYMENTS
        assert (series.times >= WINDOW.start.timestamp()).all()
        assert (series.times < WINDOW.end.timestamp()).all()
    for line in QUESTIONS["lines"](sources, [PAYMENTS], WINDOW).data:
        assert line.resource == PAYMENTS
        assert WINDOW.contains(line.at)


def test_lines_and_changes_come_oldest_first(sources) -> None:
    for name in ("lines", "changes", "alerts"):
        rows = QUESTIONS[name](sources, [], WINDOW).data
        times = [getattr(r, "at", None) or r.starts_at for r in rows]
        assert times == sorted(times)


def test_a_limit_makes_the_answer_partial_and_says_how_much_was_cut(sources) -> None:
    answer = sources.logs.lines([], WINDOW, limit=10)
    assert (answer.status, len(answer.data)) == (ResultStatus.PARTIAL, 10)
    assert answer.provenance.truncated_count > 0


def test_cluster_database_and_topology_answer(sources) -> None:
    assert sources.cluster.state([PAYMENTS], WINDOW).data.pods
    assert sources.database.inspect([DATABASE], WINDOW).data[0].sessions
    assert sources.topology.graph(WINDOW).data.callers(PAYMENTS)


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
