"""What several specialists ask is asked once a round, and a failure is not kept."""

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from agents.domain.drain import drain
from agents.domain.sharing import MAX_KEPT, Answers, answers_of, shared
from agents.models import WorkItem
from investigations.enums import DiagnosisVerdict
from telemetry.backends import open_sources, override_sources
from telemetry.errors import SourceUnavailable
from telemetry.ports import TelemetrySources
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import TelemetryKind, TimeWindow, service

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = TimeWindow(START, START + timedelta(minutes=5))


@dataclass
class SlowLogs:
    """A log source that waits until it is let go, and fails as often as it is told to."""

    name: str = "logs"
    failures: int = 0
    statuses: list[ResultStatus] = field(default_factory=list)
    asked: Counter = field(default_factory=Counter)
    go: threading.Event = field(default_factory=threading.Event)

    def lines(self, resources, window, *, limit=2000, min_severity=""):
        self.asked[tuple(resources), min_severity] += 1
        self.go.wait(5)
        if self.failures:
            self.failures -= 1
            raise SourceUnavailable("gone")
        status = self.statuses.pop() if self.statuses else ResultStatus.OK
        source = Provenance("logs", TelemetryKind.LOG, "q", window, datetime.now(UTC))
        return QueryResult(status, (), source)


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    logs, told = SlowLogs(), []
    port = shared(TelemetrySources(logs=logs), Answers()).logs
    askers = [
        threading.Thread(target=lambda: told.append(port.lines([service("a")], WINDOW, limit=5)))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    logs.go.set()
    for asker in askers:
        asker.join(5)
    assert sum(logs.asked.values()) == 1
    assert sorted(answer.is_repeat for answer in told) == [False, True, True, True]
    assert port.lines([service("a")], WINDOW, limit=6).is_repeat is False
    assert port.lines([service("b")], WINDOW, limit=5).is_repeat is False


@pytest.mark.parametrize("how", [{"failures": 1}, {"statuses": [ResultStatus.ERROR]}])
def test_a_failure_is_not_kept(how) -> None:
    logs = SlowLogs(**how)
    logs.go.set()
    port = shared(TelemetrySources(logs=logs), Answers()).logs
    with suppress(SourceUnavailable):
        assert not port.lines((), WINDOW).is_answer
    assert port.lines((), WINDOW).is_answer
    assert port.lines((), WINDOW).is_repeat
    assert sum(logs.asked.values()) == 2


def test_few_rounds_are_kept() -> None:
    first = answers_of(-1, 0)
    assert answers_of(-1, 0) is first
    for number in range(MAX_KEPT):
        answers_of(-2, number)
    assert answers_of(-1, 0) is not first


@dataclass
class Counting:
    """A port that counts what passes."""

    port: object
    asked: Counter

    def __getattr__(self, question):
        ask = getattr(self.port, question)

        def counted(*args, **options):
            self.asked[question, repr(args), repr(sorted(options.items()))] += 1
            return ask(*args, **options)

        return counted if callable(ask) else ask


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_an_investigation_asks_nothing_twice_but_to_challenge(lab_incident) -> None:
    investigation = lab_incident("bad_release_errors", is_worked=False).investigation
    asked: Counter = Counter()
    lab = open_sources({"kind": "lab"})
    ports = {name: port for name in lab.__dataclass_fields__ if (port := getattr(lab, name))}
    counting = TelemetrySources(**{name: Counting(port, asked) for name, port in ports.items()})
    with override_sources(counting):
        assert drain(investigation.pk, timeout_seconds=60)
    assert investigation.diagnoses.get().verdict == DiagnosisVerdict.LIKELY_CAUSE
    items = WorkItem.objects.filter(investigation=investigation)
    challenged = items.get(kind="challenge").queries
    assert sum(asked.values()) == sum(item.queries for item in items)
    assert sum(count - 1 for count in asked.values()) <= challenged
    assert len(asked) >= 10
