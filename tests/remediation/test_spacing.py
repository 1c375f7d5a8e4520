"""A source that scrapes seldom is waited for: a sample that is repeated is no further one."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from investigations.domain.clock import database_now
from remediation.domain.crediting import step_of
from remediation.domain.execution import execute
from remediation.enums import VerificationPhase as P
from remediation.models import VerificationRun
from remediation.verification.measure import learn_step, measure
from remediation.verification.spacing import interval_of
from telemetry.adapters.memory import MemoryData
from telemetry.backends import override_sources
from telemetry.semantics import Semantic
from telemetry.testing import FakeTelemetry
from telemetry.types import ResourceRef, Series, SeriesRef, TimeWindow, service
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

SCRAPE = 15.0
REF = SeriesRef(service("cart"), "x", Semantic.REQUEST_RATE)


def repeated(interval: float, *, step: float = 2.0, seconds: float = 900.0, noise: float = 1.0):
    """Return a series that was scraped every ``interval`` seconds and asked for every ``step``."""
    times = np.arange(0.0, seconds, step)
    draw = np.random.default_rng(7).standard_normal(int(seconds / interval) + 1)
    return Series(REF, times, 100.0 + noise * draw[(times // interval).astype(int)])


@pytest.mark.unit
@pytest.mark.parametrize("interval", [2.0, 10.0, 15.0, 30.0, 60.0])
def test_the_interval_is_learnt_from_the_changes_of_value(interval: float) -> None:
    assert abs(interval_of([repeated(interval)], step_seconds=2.0) - interval) <= 2.0


@pytest.mark.unit
def test_a_quiet_series_tells_nothing_and_the_quickest_counts() -> None:
    calm, slow = repeated(15.0, noise=0.0), repeated(60.0)
    assert interval_of([calm], step_seconds=2.0) == 2.0
    assert interval_of([calm, slow, repeated(15.0)], step_seconds=2.0) == pytest.approx(15, abs=2)
    assert interval_of([repeated(60.0, seconds=240)], step_seconds=2.0) == 2.0
    assert interval_of([], step_seconds=2.0) == 2.0


class Repeating:
    """Answers as Prometheus does: at each step the newest scrape before it."""

    def __init__(self, metrics) -> None:
        self.metrics = metrics

    def __getattr__(self, name: str):
        return getattr(self.metrics, name)

    def read_semantic(self, resources, semantics, window, *, step_seconds, by_pod=False):
        earlier = TimeWindow(window.start - timedelta(minutes=5), window.end)
        found = self.metrics.read_semantic(
            resources, semantics, earlier, step_seconds=step_seconds, by_pod=by_pod
        )
        at = np.arange(window.start.timestamp(), window.end.timestamp(), step_seconds)
        return replace(found, data=tuple(_carried(s, at) for s in found.data if len(s.times)))


def _carried(series: Series, at) -> Series:
    places = np.searchsorted(series.times, at, side="right") - 1
    return Series(series.ref, at[places >= 0], series.values[places[places >= 0]])


def scraped(board, *, healthy_since):
    """Return sources scraped every 15 s: errors until a moment, and again as usual from there on."""
    resource = ResourceRef.parse(board.incident.resource)
    now = database_now().timestamp()
    times = np.arange(board.baseline_start.timestamp(), now + 3, SCRAPE)
    noise = np.random.default_rng(3).random(len(times))
    is_bad = (times > board.incident.started_at.timestamp()) & (times < healthy_since.timestamp())
    errors = np.where(is_bad, 0.4, 0.001 + 1e-4 * noise)
    rows = [
        Series(SeriesRef(resource, str(s), s, unit=""), times, values)
        for s, values in ((Semantic.ERROR_RATIO, errors), (Semantic.REQUEST_RATE, 100 + noise))
    ]
    sources = FakeTelemetry(MemoryData(name="fake", series=rows)).sources
    return replace(sources, metrics=Repeating(sources.metrics))


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_three_scrapes_are_not_ten_samples_however_often_they_are_asked_for(lab_incident) -> None:
    board = lab_incident("bad_release_errors", is_worked=False).investigation
    now = database_now()
    for seconds, phase, samples in ((50, P.RUNNING, 3), (170, P.PASSED, 11)):
        since = now - timedelta(seconds=seconds)
        with override_sources(scraped(board, healthy_since=since)):
            step = learn_step(board)
            assert step == pytest.approx(SCRAPE, abs=2)
            found, rows = measure(board, since=since, now=now, is_late=False, step_seconds=step)
        errors = next(r for r in rows if r.metric == "error_ratio")
        assert (found, errors.inside) == (phase, errors.samples)
        assert abs(errors.samples - samples) <= 1


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_the_deadline_leaves_time_for_enough_samples_and_the_card_says_so(
    lab_incident, client
) -> None:
    incident = lab_incident("bad_release_errors", is_worked=False)
    action = approve(plan_action(incident))
    with override_sources(scraped(incident.investigation, healthy_since=database_now())):
        execute(action.pk)
        run = VerificationRun.objects.get()
        assert step_of(run) == pytest.approx(SCRAPE, abs=2)
    waited = (run.deadline - run.settle_until).total_seconds()
    assert waited == pytest.approx(13 * run.step_seconds, abs=1)
    assert waited > 150
    client.force_login(person("vi", "viewer"))
    page = client.get(f"/i/{action.investigation.incident_id}/a/1/").content.decode()
    assert (
        f"Waits for 10 new samples in a row in their normal range, one every {run.step_seconds:.0f} s"
        in page
    )
