"""What was well before the act: nobody can say that the act helped, nor that it did not."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from investigations.domain.clock import database_now
from investigations.models import Evidence, Grade
from remediation.domain.assurance import past_runs
from remediation.domain.crediting import keep_before
from remediation.domain.execution import execute
from remediation.domain.verifying import verify
from remediation.models import Action, ActionOutcome, Execution, VerificationRun
from remediation.queries.autonomy import list_gates
from remediation.verification.before import look_back
from remediation.verification.effects import (
    is_silence_telling,
    level_now,
    slope_of,
    still_there,
)
from remediation.views.panel import view_of
from telemetry.adapters.memory import MemoryData
from telemetry.backends import override_sources
from telemetry.errors import SourceUnavailable
from telemetry.semantics import Semantic
from telemetry.testing import FakeTelemetry
from telemetry.types import ResourceRef, Series, SeriesRef, service
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ERRORS, RATE = Semantic.ERROR_RATIO, Semantic.REQUEST_RATE
MEMORY, RESTARTS = Semantic.MEMORY_WORKING_SET_BYTES, Semantic.RESTARTS_TOTAL
CART, STEP, LAST_SECONDS = service("cart"), 2.0, 300.0
UNITS = {ERRORS: "ratio", RATE: "per_second", MEMORY: "bytes"}


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def seen_now(incident, **how):
    """Let the sources tell what :func:`seen_sources` says."""
    return override_sources(seen_sources(incident, **how))


def seen_sources(incident, *, errors: float, pods=(), **others):
    """Return sources in which the last five minutes were as told, and all was calm long before."""
    row = incident.investigation
    resource = ResourceRef.parse(row.incident.resource)
    calm = np.arange(row.baseline_start.timestamp(), row.baseline_end.timestamp(), STEP)
    last = database_now().timestamp() - LAST_SECONDS + np.arange(0, LAST_SECONDS + 20, STEP)
    times = np.concatenate([calm, last])

    def series(what, semantic, usual, now, pod=""):
        ref = SeriesRef(what, str(semantic), semantic, unit=UNITS.get(semantic, ""),
                        labels=(("pod", pod),) if pod else ())  # fmt: skip
        return Series(ref, times, np.concatenate([np.full(len(calm), usual), now + 0 * last]))

    errors_now = errors(last) if callable(errors) else errors
    rows = [series(resource, ERRORS, 0.001, errors_now), series(resource, RATE, 100.0, 100.0)]
    rows += [series(CART, Semantic(name), usual, now) for name, (usual, now) in others.items()]
    of_pods = [
        series(CART, MEMORY, 2e8, now(last - last[0]), f"cart-{n}") for n, now in enumerate(pods)
    ]
    return FakeTelemetry(MemoryData(name="fake", series=rows, pod_series=of_pods)).sources


def cited_by(incident, symptoms: tuple[tuple[str, Semantic], ...]) -> list[int]:
    """Post evidence of these series of the cart."""
    row = incident.investigation
    for number, (feature, semantic) in enumerate(symptoms, 901):
        Evidence.objects.create(
            investigation=row, number=number, step_key=f"cited/{number}", author="agent/resource",
            kind="metric", claim=f"{feature} of cart", resource=str(CART), feature=feature, query="q",
            window_start=row.window_start, window_end=row.window_end,
            sample={"semantic": str(semantic), "finding": {"presence": "present"}},
        )  # fmt: skip
    return [901 + n for n in range(len(symptoms))]


def acted(incident, *cited: tuple[str, Semantic], kind="scale", **before) -> Action:
    """Plan, approve and execute while things are as told."""
    numbers = cited_by(incident, cited)
    action = plan_action(incident, kind, cited=numbers, claim={"confidence": 0.9})
    with seen_now(incident, **before):
        execute(approve(action).pk)
    action.refresh_from_db()
    assert action.state == "verifying", action.result
    return action


def judged(incident, action: Action, **after) -> Action:
    """Judge it at its last moment, two minutes later in the incident's world."""
    incident.pass_time(120)
    now = database_now()
    VerificationRun.objects.filter(action=action).update(
        settle_until=now - timedelta(seconds=120), deadline=now - timedelta(seconds=1)
    )
    with seen_now(incident, **after):
        verify(action.pk)
    action.refresh_from_db()
    return action


def _was(action: Action, metric: str) -> float:
    """Return what a measured row says that it was before."""
    rows = {m["metric"]: m for m in action.verification.measurements}
    return float(rows[metric]["before_value"])


def test_the_level_before_is_of_a_sample_that_the_act_cannot_have_touched(incident) -> None:
    """A sample stands for a time: the one that the act falls into shows its effect already."""
    at = database_now()

    def mended(times: np.ndarray) -> np.ndarray:
        return np.where(times < at.timestamp() - STEP, 0.95, 0.16)

    with seen_now(incident, errors=mended):
        found = look_back(incident.investigation, at=at, symptoms=(), step_seconds=STEP)
    assert found.values["error_ratio"] == pytest.approx(0.95)


def leaking(rate: float, *, cycle: float = 180.0, phase: float = 0.0, noise: float = 1e6):
    """Return a pod's memory over time: it grows, and is killed every so many seconds."""
    draw = np.random.default_rng(int(phase) + 1)
    return lambda at: 2e8 + rate * ((at + phase) % cycle) + noise * draw.standard_normal(len(at))


FLAT = leaking(0.0)


def test_what_was_well_before_is_no_success_no_failure_and_not_undone(incident, client) -> None:
    action = judged(incident, acted(incident, errors=0.001), errors=0.001)
    assert action.state == "inconclusive"
    assert "in the usual range before the change began, so nothing can be told" in action.result
    assert not ActionOutcome.objects.exists()
    assert not Grade.objects.exists()
    assert not action.executions.filter(is_undo=True).exists()
    action.investigation.incident.refresh_from_db()
    assert action.investigation.incident.state == "open"
    client.force_login(person("vi", "viewer"))
    page = client.get(f"/i/{action.investigation.incident_id}/a/{action.number}/").content.decode()
    assert '<td data-label="Before">0.1%, in range</td>' in page
    # It is decided: nobody reviews it any more.
    assert 'id="reviewing"' not in page


def test_what_could_not_be_measured_is_judged_by_a_person_and_earns_nothing(
    incident, client
) -> None:
    action = judged(incident, acted(incident, errors=0.001), errors=0.001)
    page = f"/i/{action.investigation.incident_id}/a/{action.number}/"
    client.force_login(person("ray", "responder"))
    assert f"{page}#judged" in client.get("/inbox/").content.decode()
    assert "What did it do, as you saw it?" in client.get(page).content.decode()
    client.post(f"{page}feedback/", {"value": "helped", "note": "Requests came back"})
    outcome = ActionOutcome.objects.get()
    assert (outcome.helped, outcome.is_measured) == (True, False)
    told = client.get(page).content.decode()
    assert "it helped." in told
    assert "Requests came back" in told
    assert "must judge" not in told.casefold()
    action.refresh_from_db()
    entry = action.investigation.entries.get(kind="action", key=str(action))
    assert action.result.endswith("ray judged it: it helped.")
    assert entry.data["result"] == action.result
    assert f"{page}#judged" not in client.get("/inbox/").content.decode()
    assert list_gates() == []
    assert past_runs(action.kind, practice=True) == []
    client.force_login(person("rosa", "responder"))
    client.post(f"{page}feedback/", {"value": "harmed"})
    assert ActionOutcome.objects.get().feedback.count() == 2


def test_what_was_wrong_before_and_is_well_after_is_a_success(incident) -> None:
    action = judged(incident, acted(incident, errors=0.3), errors=0.001)
    assert action.state == "succeeded"
    assert re.fullmatch(
        r"It helped: back in the normal range \d+ s after A\d+ began\.", action.result
    )
    assert ActionOutcome.objects.get().seconds_to_recover is not None


def test_what_was_well_before_and_is_worse_after_is_undone(incident) -> None:
    action = judged(incident, acted(incident, errors=0.001), errors=0.3)
    assert action.state == "undone"
    assert not ActionOutcome.objects.get().helped


@pytest.mark.parametrize(
    ("after", "state"),
    [((FLAT, FLAT), "succeeded"), ((leaking(4e5), FLAT), "inconclusive"), ((), "inconclusive")],
    ids=["stopped", "goes on in one pod", "unknown"],
)  # fmt: skip
def test_a_leak_that_a_kill_has_just_freed_is_judged_by_its_growth(incident, after, state) -> None:
    pods = (leaking(5e5, phase=170.0), leaking(4e5, phase=60.0))
    action = acted(incident, ("memory_ramp", MEMORY), errors=0.001, pods=pods)
    action = judged(incident, action, errors=0.001, pods=after)
    assert action.state == state, action.verification.measurements
    assert ActionOutcome.objects.count() == (state == "succeeded")
    if state == "succeeded":
        assert "in range since: memory growth of cart, per second." in action.result
        outcome = ActionOutcome.objects.get()
        assert (outcome.helped, outcome.seconds_to_recover, outcome.side_effects) == (
            True,
            None,
            [],
        )
        assert Grade.objects.get().value == "right"


@pytest.mark.parametrize(
    ("per_minute", "state"), [(6.0, "succeeded"), (0.5, "inconclusive")], ids=["often", "rarely"]
)
def test_restarts_that_are_over_show_it_only_where_they_came_often(
    incident, per_minute, state
) -> None:
    counted = np.floor(np.arange(0, LAST_SECONDS + 20, STEP) / 60 * per_minute)
    action = acted(
        incident, ("restart_increase", RESTARTS), errors=0.001, restarts_total=(0, counted)
    )
    action = judged(incident, action, errors=0.001, restarts_total=(0, 7))
    assert action.state == state, action.verification.measurements
    assert _was(action, "restarts of cart since it") == pytest.approx(5 * per_minute, abs=1)


def test_a_cited_level_that_came_back_shows_it(incident) -> None:
    cited = (("cpu_throttling", Semantic.CPU_THROTTLED_RATIO), ("unready", Semantic.REPLICAS_READY))
    action = acted(
        incident, *cited, errors=0.001, cpu_throttled_ratio=(0.0, 0.6), replicas_ready=(3, 1)
    )
    action = judged(
        incident, action, errors=0.001, cpu_throttled_ratio=(0.0, 0.01), replicas_ready=(3, 3)
    )
    assert action.state == "succeeded", action.verification.measurements
    assert _was(action, "cpu throttled ratio of cart") == 0.6
    assert _was(action, "ready pods of cart") == 1.0
    shown = view_of(action, now=database_now(), person_id=None).measurements
    assert {m.name: m.before for m in shown}["pods ready"] == "3 when it was planned"


def test_a_source_that_was_silent_then_is_asked_again_and_believed_once(incident) -> None:
    action = plan_action(incident)
    silent = FakeTelemetry(MemoryData(name="fake"))
    silent.fail("metrics")
    with override_sources(silent.sources):
        execute(approve(action).pk)
    run = VerificationRun.objects.get(action=action)
    assert run.before == {}
    with seen_now(incident, errors=0.3):
        keep_before(action.pk)
    with seen_now(incident, errors=0.001):
        keep_before(action.pk)
    run.refresh_from_db()
    assert run.before["seen"] == {"error_ratio": "out of range"}
    VerificationRun.objects.update(before={})
    Execution.objects.update(started_at=database_now() - timedelta(days=3))
    action.refresh_from_db()
    action = judged(incident, action, errors=0.001)
    assert action.state == "succeeded", "not seen at all is not well"


@pytest.mark.capability(65)
@pytest.mark.parametrize(
    ("kind", "state"), [("rollback", "succeeded"), ("rolling_restart", "inconclusive")]
)
def test_in_practice_a_leak_whose_alarm_a_kill_ended_is_mended_by_a_rollback_alone(
    lab_incident, client, kind, state
) -> None:
    incident, tables = lab_incident("memory_leak"), []
    diagnosis = incident.investigation.diagnoses.get()
    name = diagnosis.resource.rpartition("/")[2]
    pods = incident.world.workloads[name].pods
    for _ in range(60):
        if all(pod.restarts for pod in pods):
            break
        incident.pass_time(10)
    incident.pass_time(60)  # by then fresh pods serve, and memory grows again
    action = plan_action(incident, kind, service=name, number=99, cited=diagnosis.cited,
                         claim={"confidence": 0.9})  # fmt: skip
    execute(approve(action).pk)
    run = VerificationRun.objects.get(action=action)
    assert set(run.before["seen"].values()) == {"in range"}, run.before
    for seconds in range(0, 130, 10):  # as the worker does: again and again, from settling on
        incident.pass_time(22 if seconds == 0 else 10)
        settled = database_now() - timedelta(seconds=seconds + 10)
        VerificationRun.objects.update(
            settle_until=settled, deadline=settled + timedelta(seconds=120)
        )
        verify(action.pk)
        run.refresh_from_db()
        tables.append([m["metric"] for m in run.measurements])
    action.refresh_from_db()
    assert action.state == state, run.measurements
    assert [names for names in tables if names != tables[0]] == [], "a table keeps its rows"
    growth = f"memory growth of {name}"
    assert f"{growth}, per second" in tables[0]
    client.force_login(person("vi", "viewer"))
    page = client.get(f"/i/{action.investigation.incident_id}/a/{action.number}/").content.decode()
    row = page.partition(f'<th scope="row">{growth}, per second</th>')[2].partition("</tr>")[0]
    assert "within ±" in row
    assert re.search(r'data-label="Before">[\d.]+ [kM]B, out of range<', row), row
    assert (">level<" in row) == (state == "succeeded"), row
    assert f"memory growth of {name}" in action.checks["if_well_before"]
    assert ActionOutcome.objects.exists() == (state == "succeeded")


@pytest.mark.parametrize("semantic", [MEMORY, RESTARTS, Semantic.REPLICAS_READY])
def test_a_source_that_breaks_off_half_way_is_asked_again(incident, semantic) -> None:
    numbers = cited_by(incident, (("memory_ramp", MEMORY), ("restart_increase", RESTARTS)))
    action = plan_action(incident, cited=numbers)
    whole = seen_sources(incident, errors=0.001, pods=(leaking(5e5),))

    class Breaks:
        name = "fake"

        def read_semantic(self, resources, semantics, window, **more):
            if semantic in semantics:
                raise SourceUnavailable("gone")
            return whole.metrics.read_semantic(resources, semantics, window, **more)

    with override_sources(replace(whole, metrics=Breaks())):
        execute(approve(action).pk)
    run = VerificationRun.objects.get(action=action)
    assert run.before == {}, "half a look is none"
    with override_sources(whole):
        keep_before(action.pk)
    run.refresh_from_db()
    assert [w["semantic"] for w in run.before["witnesses"]] == ["memory_working_set_bytes"]


def test_slopes() -> None:
    at = np.arange(0.0, 120.0, 2.0)

    def made(values):
        return Series(SeriesRef(CART, "m", MEMORY), at, values)

    def slope(values):
        return slope_of(made(values), needed=10)

    def is_level(values) -> bool:
        return level_now(made(values), needed=10, before_per_second=4e5) is not None

    grows, flat = slope(2e8 + 4e5 * at), slope(2e8 + 0 * at)
    assert (grows.per_second, grows.is_growth) == (pytest.approx(4e5), True)
    assert not flat.is_growth
    assert is_level(2e8 + 0 * at)
    assert not is_level(2e8 + 3e5 * at)
    replaced = np.where(at < 40, 4e8 - 5e6 * at, 2e8) + 1e5 * (np.arange(len(at)) % 2)
    assert is_level(replaced), "its mean fell while pods were replaced; now it is level"
    assert not is_level(replaced + np.where(at < 40, 0, 4e5 * (at - 40))), "and then it grows again"
    assert not is_level(4e8 - 1e6 * at), "while it falls nothing can be told"
    gone = Series(SeriesRef(CART, "m", MEMORY), at[:20], 2e8 + 4e5 * at[:20])
    assert still_there([gone, made(2e8 + 0 * at)], step_seconds=2.0)[0].times[-1] == at[-1]
    assert len(still_there([gone, made(2e8 + 0 * at)], step_seconds=2.0)) == 1
    saw = slope(2e8 + 1e6 * (at % 80))
    assert (saw.per_second, saw.samples) == (pytest.approx(1e6), 20), "the last piece alone"
    fresh = slope(2e8 + 1e6 * ((at + 70) % 180))
    assert fresh.per_second == pytest.approx(1e6), "a piece that has just begun tells nothing yet"
    scraped = 2e8 + 1e6 * (at // 30) + np.where(at < 60, 0, 2e6)
    assert slope(scraped).error > slope(scraped + np.arange(len(at)) % 2).error, (
        "15 s are one scrape"
    )
    assert slope(np.full(len(at), np.nan)) is None
    assert not is_level(2e8 + 9e6 * (at // 30)), "the step of a stair is not level"
    short = Series(SeriesRef(CART, "m", MEMORY), at[:30], np.full(30, 2e8))
    assert level_now(short, needed=10, before_per_second=4e5) is None, "perhaps one scrape alone"
    assert is_silence_telling(per_second=0.05, seconds=60)
    assert not is_silence_telling(per_second=0.05, seconds=59)
