"""No source can raise into an agent, hang it, or be forgotten when it is missing."""

import os
import threading
import time
import warnings
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from telemetry.ask import MAX_PENDING_PER_SOURCE, GuardedSources, guarded
from telemetry.errors import NotAuthorised, QueryTimeout, SourceUnavailable
from telemetry.ports import LogSource, TelemetrySources
from telemetry.results import QueryResult, ResultStatus
from telemetry.testing import FakeTelemetry, MemoryData
from telemetry.types import (
    ClusterState,
    LogLine,
    TelemetryKind,
    TimeWindow,
    TopologyGraph,
    service,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)
SHOP = service("shop")


def ask_all(sources: GuardedSources) -> dict[str, QueryResult[object]]:
    """Ask every method of every port once."""
    return {
        "catalogue": sources.metrics.catalogue([SHOP], WINDOW),
        "read": sources.metrics.read([], WINDOW, step_seconds=10),
        "read_semantic": sources.metrics.read_semantic([SHOP], [], WINDOW, step_seconds=10),
        "lines": sources.logs.lines([SHOP], WINDOW),
        "edges": sources.traces.edges([SHOP], WINDOW),
        "spans": sources.traces.spans([SHOP], WINDOW),
        "state": sources.cluster.state([SHOP], WINDOW),
        "changes": sources.changes.changes([SHOP], WINDOW),
        "inspect": sources.database.inspect([SHOP], WINDOW),
        "flows": sources.flows.flows([SHOP], WINDOW),
        "graph": sources.topology.graph(WINDOW),
        "alerts": sources.alerts.alerts(WINDOW),
    }


def logging_fake(name: str = "memory") -> FakeTelemetry:
    return FakeTelemetry(MemoryData(name=name, logs=[LogLine(WINDOW.start, SHOP, "info", "hello")]))


def test_what_nothing_is_connected_to_answers_error_by_kind() -> None:
    sources = guarded(TelemetrySources())
    assert all(getattr(sources, f.name) is not None for f in fields(sources))
    answers = ask_all(sources)
    assert {a.status for a in answers.values()} == {ResultStatus.ERROR}
    assert answers["lines"].message == "no log source is connected"
    assert answers["alerts"].message == "no alert source is connected"
    assert answers["graph"].message == "no topology source is connected"
    assert answers["state"].data == ClusterState()
    assert answers["graph"].data == TopologyGraph()
    assert answers["lines"].data == ()
    assert sources.connected == ()


def test_an_answer_passes_through_unchanged() -> None:
    fake = logging_fake()
    sources = guarded(fake.sources)
    result = sources.logs.lines([SHOP], WINDOW)
    assert result.status is ResultStatus.OK
    assert result.data == tuple(fake.data.logs or ())
    assert "logs" in sources.connected


@pytest.mark.parametrize(
    ("error", "is_retryable", "message"),
    [
        (SourceUnavailable("connection refused"), True, "connection refused"),
        (QueryTimeout("took too long"), True, "took too long"),
        (NotAuthorised("needs logs:read"), False, "needs logs:read"),
        (ValueError("bad json"), False, "unreadable answer (ValueError: bad json)"),
        (KeyError("ts"), False, "unreadable answer (KeyError: 'ts')"),
        (
            AttributeError("None has no x"),
            False,
            "unreadable answer (AttributeError: None has no x)",
        ),
        (RecursionError("too deep"), False, "unreadable answer (RecursionError: too deep)"),
        (ZeroDivisionError("by zero"), False, "unreadable answer (ZeroDivisionError: by zero)"),
    ],
)
def test_what_an_adapter_raises_becomes_a_result(
    error: Exception, is_retryable: bool, message: str
) -> None:
    fake = logging_fake()
    fake.fail("logs", error)
    result = guarded(fake.sources).logs.lines([SHOP], WINDOW)
    assert (result.status, result.data) == (ResultStatus.ERROR, ())
    assert (result.message, result.retryable) == (message, is_retryable)
    assert result.provenance.source == "memory"
    assert result.provenance.kind is TelemetryKind.LOG
    assert result.provenance.query == "logs of service/shop"
    assert result.provenance.window == WINDOW


def test_a_secret_in_an_error_is_masked() -> None:
    fake = logging_fake()
    fake.fail("logs", SourceUnavailable("GET https://bob:hunter22@loki/x failed"))
    message = guarded(fake.sources).logs.lines([SHOP], WINDOW).message
    assert message == "GET https://[redacted]@loki/x failed"


def test_a_source_that_hangs_does_not_hold_the_caller() -> None:
    fake = logging_fake("hanging")
    fake.hang("logs", 3.0)
    began = time.monotonic()
    result = guarded(fake.sources, deadline_seconds=0.1).logs.lines([SHOP], WINDOW)
    assert time.monotonic() - began < 1.0
    assert result.status is ResultStatus.ERROR
    assert result.message == "no answer within 0.1 s"
    assert result.retryable
    assert 0.1 <= result.provenance.duration_seconds < 1.0


def test_hanging_queries_of_one_source_are_bounded_and_leave_the_others_alone() -> None:
    stuck, well = logging_fake("stuck"), logging_fake("well")
    stuck.hang("logs", 2.0)
    asked = guarded(stuck.sources, deadline_seconds=0.01)
    messages = [asked.logs.lines([SHOP], WINDOW).message for _ in range(MAX_PENDING_PER_SOURCE + 2)]
    assert messages[:MAX_PENDING_PER_SOURCE] == ["no answer within 0.01 s"] * MAX_PENDING_PER_SOURCE
    assert messages[-1] == "too many earlier queries have not come back"
    assert guarded(well.sources).logs.lines([SHOP], WINDOW).status is ResultStatus.OK


def test_threads_are_used_again() -> None:
    sources = logging_fake().sources
    used: list[threading.Thread] = []

    class Watched:
        def lines(self, *args: Any, **kwargs: Any) -> object:
            used.append(threading.current_thread())
            return sources.logs.lines(*args, **kwargs)

    asked = guarded(replace(sources, logs=cast("LogSource", Watched())))
    for _ in range(20):
        assert asked.logs.lines([SHOP], WINDOW).status is ResultStatus.OK
    # They are kept, so that none has the number of one that ended.
    assert len(used) == 20
    assert len({id(thread) for thread in used}) <= 2


def test_queries_are_answered_in_a_process_that_was_forked() -> None:
    asked = guarded(logging_fake().sources, deadline_seconds=5)
    asked.logs.lines([SHOP], WINDOW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        is_ok = asked.logs.lines([SHOP], WINDOW).status is ResultStatus.OK
        os._exit(0 if is_ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_hook_sees_every_result_and_may_stop_the_caller() -> None:
    fake = logging_fake()
    fake.fail("changes")
    seen: list[QueryResult[object]] = []
    answers = ask_all(guarded(fake.sources, on_query=seen.append))
    assert seen == list(answers.values())

    class BudgetSpent(RuntimeError):
        pass

    def stop(result: QueryResult[object]) -> None:
        raise BudgetSpent(result.provenance.query)

    with pytest.raises(BudgetSpent, match="logs"):
        guarded(fake.sources, on_query=stop).logs.lines([SHOP], WINDOW)


def test_a_program_asked_to_exit_is_not_swallowed() -> None:
    fake = logging_fake()
    fake.data.errors["logs"] = SystemExit(3)  # type: ignore[assignment]
    with pytest.raises(SystemExit):
        guarded(fake.sources).logs.lines([SHOP], WINDOW)
