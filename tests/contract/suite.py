"""What every adapter of a port promises. Each suite of adapters imports these tests.

It must define a fixture ``subject``; a port that its system does not have is left out by name.
"""

from dataclasses import dataclass

import pytest

from telemetry.ask import GuardedSources
from telemetry.results import ResultStatus
from telemetry.types import ResourceRef, Semantic, TimeWindow

DATABASE = ResourceRef.parse("database/orders-db")
STEP_SECONDS = 10.0


@dataclass(frozen=True)
class Subject:
    """Sources to hold to the contract, and what they surely know in the window."""

    sources: GuardedSources
    window: TimeWindow
    empty: TimeWindow
    resource: ResourceRef
    lacks: frozenset[str] = frozenset()


QUESTIONS = {
    "catalogue": lambda s, r, w: s.metrics.catalogue(r, w),
    "series": lambda s, r, w: s.metrics.read_semantic(
        r, [Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO], w, step_seconds=STEP_SECONDS),
    "lines": lambda s, r, w: s.logs.lines(r, w),
    "edges": lambda s, r, w: s.traces.edges(r, w),
    "spans": lambda s, r, w: s.traces.spans(r, w),
    "changes": lambda s, r, w: s.changes.changes(r, w),
    "alerts": lambda s, r, w: s.alerts.alerts(w),
}  # fmt: skip


def asked(subject: Subject, name: str, *, resources=(), window=None):
    """Ask one question; one that the system has no answer to skips the test."""
    if name in subject.lacks:
        pytest.skip(f"this system has no {name}")
    return QUESTIONS[name](subject.sources, list(resources), window or subject.window)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_answers_carry_their_provenance(subject, name) -> None:
    answer = asked(subject, name)
    assert answer.status in {ResultStatus.OK, ResultStatus.PARTIAL}, answer.message
    assert answer.data
    assert answer.provenance.query
    assert answer.provenance.source
    assert answer.provenance.window == subject.window


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_an_empty_window_is_no_data_and_no_error(subject, name) -> None:
    answer = asked(subject, name, window=subject.empty)
    assert (answer.status, len(answer.data)) == (ResultStatus.NO_DATA, 0)


def test_only_what_was_asked_is_answered(subject) -> None:
    for series in asked(subject, "series", resources=[subject.resource]).data:
        assert series.ref.resource == subject.resource
        assert (series.times >= subject.window.start.timestamp()).all()
        assert (series.times < subject.window.end.timestamp()).all()
        assert (series.times[1:] > series.times[:-1]).all()
    for line in asked(subject, "lines", resources=[subject.resource]).data:
        assert line.resource == subject.resource
        assert subject.window.contains(line.at)


def test_a_series_of_the_catalogue_can_be_read(subject) -> None:
    listed = asked(subject, "catalogue", resources=[subject.resource]).data
    refs = [ref for ref in listed if ref.semantic is Semantic.LATENCY_P99_SECONDS and not ref.peer]
    assert refs
    answer = subject.sources.metrics.read(refs, subject.window, step_seconds=STEP_SECONDS)
    assert {(s.ref.resource, s.ref.name) for s in answer.data} == {
        (ref.resource, ref.name) for ref in refs
    }


@pytest.mark.parametrize("name", ["lines", "changes", "alerts"])
def test_rows_come_oldest_first(subject, name) -> None:
    times = [getattr(r, "at", None) or r.starts_at for r in asked(subject, name).data]
    assert times == sorted(times)


def test_a_limit_makes_the_answer_partial_and_says_how_much_was_cut(subject) -> None:
    answer = subject.sources.logs.lines([], subject.window, limit=10)
    assert (answer.status, len(answer.data)) == (ResultStatus.PARTIAL, 10)
    assert answer.provenance.truncated_count > 0


def test_cluster_and_topology_answer(subject) -> None:
    state = subject.sources.cluster.state([subject.resource], subject.window).data
    assert {pod.workload for pod in state.pods} == {subject.resource.name}
    assert [w.resource for w in state.workloads] == [subject.resource]
    assert subject.sources.topology.graph(subject.window).data.callers(subject.resource)


def test_a_database_answers(subject) -> None:
    if "database" in subject.lacks:
        pytest.skip("this system has no database inspector")
    assert subject.sources.database.inspect([DATABASE], subject.window).data[0].sessions
