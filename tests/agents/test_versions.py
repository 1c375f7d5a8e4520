"""Pods of a new version beside those of the old one: which rollout is guilty, and when none is."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.detectors.versions import ceased_at, is_idle, longest_gap, version_gap
from agents.engine import held, investigate
from agents.enums import Presence
from agents.reconciler.calibration import MOST_OF_UNSURE
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import (
    TEMPLATE_HASH,
    ChangeEvent,
    ChangeKind,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)
from tests.agents.tracing import CART, FRONT, NOW, STOCK

pytestmark = pytest.mark.unit
WINDOW = TimeWindow(NOW - timedelta(minutes=5), NOW + timedelta(minutes=10))
BASELINE = TimeWindow(NOW - timedelta(minutes=20), WINDOW.start)
TIMES = np.arange(BASELINE.start.timestamp(), WINDOW.end.timestamp(), 60.0)
ROLLED_OUT = NOW - timedelta(minutes=1)
SINCE = ROLLED_OUT.timestamp()
OLD_HASH, NEW_HASH = "5d7f9c6b8d", "6c8g7d5f9x"


def level(before, after="same"):
    """Return samples at one level before the rollout and another after; None is no sample."""
    known = [np.nan if v is None else v for v in (before, before if after == "same" else after)]
    return TIMES, np.where(TIMES < SINCE, *known)


def test_worse_is_worse_than_every_old_pod_in_the_same_minutes() -> None:
    old = {"a": level(0.0), "b": level(0.0, 0.1)}
    gap = version_gap({"n": level(None, 0.4)}, old, since=SINCE)
    assert gap is not None
    assert gap.excess == pytest.approx(0.3)
    assert gap.own_share == pytest.approx(0.75)


def test_what_both_versions_show_is_not_the_new_versions_own() -> None:
    gap = version_gap({"n": level(None, 0.5)}, {"a": level(0.0, 0.45)}, since=SINCE)
    assert gap is not None
    assert gap.own_share == pytest.approx(0.1)


def test_pods_that_always_differed_are_known_by_their_spread() -> None:
    gap = version_gap({"n": level(None, 0.3)}, {"a": level(0.1), "b": level(0.3)}, since=SINCE)
    assert gap is not None
    assert gap.spread == pytest.approx(0.1)


@pytest.mark.parametrize(("new", "old"), [({}, {"a": level(0.0)}), ({"n": level(None, 0.5)}, {}),
                                          ({"n": level(None)}, {"a": level(0.0)})])  # fmt: skip
def test_without_samples_of_both_there_is_no_gap(new, old) -> None:
    assert version_gap(new, old, since=SINCE) is None


@pytest.mark.parametrize(("new", "old", "minutes", "idle"), [
    ({}, {"a": level(0.0)}, 10, True),
    ({"n": level(None)}, {"a": level(0.0)}, 10, True),
    ({"n": level(None, 0.0)}, {"a": level(0.0)}, 10, False),
    ({}, {"a": level(0.0, None)}, 10, None),  # Nobody takes requests any more.
    ({}, {"a": level(0.0)}, 2, None),  # It may still be starting.
])  # fmt: skip
def test_idle_is_to_take_nothing_while_others_do(new, old, minutes, idle) -> None:
    found = is_idle(new, old, since=SINCE, until=SINCE + 60 * minutes)
    assert found is idle


def pod_series(service, pod, samples, semantic=Semantic.ERROR_RATIO):
    ref = SeriesRef(service, semantic.value, semantic, labels=(("pod", pod),))
    return Series(ref, *samples)


def rollout(service, at=ROLLED_OUT):
    return ChangeEvent(f"roll-{service.name}", at, ChangeKind.DEPLOY, service, "new version",
                       attributes=((TEMPLATE_HASH, NEW_HASH),))  # fmt: skip


def leader_of(new, *, rollouts=(CART, STOCK)):
    """Investigate two rollouts; ``new``: what errors the new pods of each service show."""
    series = []
    for service in (CART, STOCK):
        series += [pod_series(service, f"{service.name}-{OLD_HASH}-{x * 5}", level(0.0, old))
                   for x, old in zip("bc", new.get(f"old {service.name}", (0.0, 0.0)), strict=True)]  # fmt: skip
        if new[service.name] is not None:
            series.append(pod_series(service, f"{service.name}-{NEW_HASH}-xxxxx",
                                     level(None, new[service.name])))  # fmt: skip
    graph = TopologyGraph((FRONT, CART, STOCK),
                          (TopologyEdge(FRONT, CART), TopologyEdge(CART, STOCK)))  # fmt: skip
    front = Series(SeriesRef(FRONT, "e", Semantic.ERROR_RATIO, unit="ratio"), *level(0.0, 0.1))
    data = MemoryData(series=[front], pod_series=series, graph=graph,
                      changes=[rollout(s) for s in rollouts])  # fmt: skip
    symptom = Symptom(FRONT, NOW, "front fails", Semantic.ERROR_RATIO)
    return investigate(build_case(guarded(open_memory_sources(data)), (symptom,), WINDOW, BASELINE))


@pytest.mark.parametrize(("new", "guilty"), [
    ({"cart": 0.6, "stock": 0.0}, CART),
    ({"cart": 0.0, "stock": 0.6}, STOCK),
    ({"cart": None, "stock": 0.0}, CART),
    ({"cart": 0.0, "stock": None}, STOCK),
    # Both versions of cart fail, since the new stock does: cart's rollout is innocent.
    ({"cart": 0.5, "old cart": (0.5, 0.4), "stock": 0.6}, STOCK),
])  # fmt: skip
def test_the_guilty_rollout_is_the_one_whose_new_pods_do_worse(new, guilty) -> None:
    leader = leader_of(new).leader
    assert leader is not None
    assert (leader.cause.resource, leader.cause.fault_class) == (guilty, "bad_release")
    assert leader.cause.change_id == f"roll-{guilty.name}"


def test_no_rollout_is_named_when_new_pods_do_as_well_as_the_old() -> None:
    outcome = leader_of({"cart": 0.0, "stock": 0.0})
    assert outcome.verdict != "likely_cause"


def test_a_version_that_came_in_steps_is_judged_from_its_first_step() -> None:
    later = NOW + timedelta(minutes=9)
    data = MemoryData(
        series=[], pod_series=[pod_series(CART, f"cart-{OLD_HASH}-bbbbb", level(0.0))],
        changes=[rollout(CART), rollout(CART, later)], graph=TopologyGraph((CART,)),
    )  # fmt: skip
    case = build_case(guarded(open_memory_sources(data)), (Symptom(CART, NOW, "x"),),
                      WINDOW, BASELINE)  # fmt: skip
    found = []
    investigate(case, weighed=found)
    idle = next(f for f in found if f.feature == "new_version_idle")
    assert idle.presence == "present"
    assert idle.onset_at == ROLLED_OUT


def test_what_nothing_else_shows_is_asked_again_of_a_part_of_the_window() -> None:
    outcome = leader_of({"cart": 0.6, "stock": 0.0}, rollouts=(CART,))
    rule = next(r for r in outcome.rules if "challenge" in r.name)
    assert (rule.passed, rule.detail.partition(" of ")[0]) == (True, "1")


def first_minutes(before, after, count):
    """Return samples like :func:`level`, of which only ``count`` come after the rollout."""
    times, values = level(before, after)
    return times, np.where((times < SINCE + 60 * count), values, np.nan)


def seen(new_cart, new_stock, old_stock=None):
    """Investigate rollouts of cart and stock; return the verdict and what was found."""
    series = [pod_series(CART, f"cart-{OLD_HASH}-bbbbb", level(0.0)),
              pod_series(CART, f"cart-{NEW_HASH}-xxxxx", new_cart),
              pod_series(STOCK, f"stock-{NEW_HASH}-xxxxx", new_stock)]  # fmt: skip
    for name, samples in zip("bc", old_stock or [level(0.0)] * 2, strict=True):
        pod = f"stock-{OLD_HASH}-{name * 5}"
        series += [pod_series(STOCK, pod, samples),
                   pod_series(STOCK, pod, level(0.1), Semantic.CPU_UTILISATION_RATIO)]  # fmt: skip
    graph = TopologyGraph((FRONT, CART, STOCK),
                          (TopologyEdge(FRONT, CART), TopologyEdge(FRONT, STOCK)))  # fmt: skip
    front = Series(SeriesRef(FRONT, "e", Semantic.ERROR_RATIO, unit="ratio"), *level(0.0, 0.1))
    data = MemoryData(series=[front], pod_series=series, graph=graph,
                      changes=[rollout(CART), rollout(STOCK)])  # fmt: skip
    symptom = Symptom(FRONT, NOW, "front fails", Semantic.ERROR_RATIO)
    case = build_case(guarded(open_memory_sources(data)), (symptom,), WINDOW, BASELINE)
    found = []
    return investigate(case, weighed=found), found


@pytest.mark.parametrize(("count", "weight"), [(1, 1 / 3), (2, 2 / 3), (9, 1.0)])
def test_few_samples_of_a_new_version_tell_less(count, weight) -> None:
    gap = version_gap({"n": first_minutes(None, 0.9, count)}, {"a": level(0.0)}, since=SINCE)
    assert gap is not None
    assert gap.weight == pytest.approx(weight)


def test_a_lead_is_not_sure_while_a_rival_served_too_little_to_be_judged() -> None:
    """Few good minutes of a rival's new pods do not clear it; many do."""
    open_, found = seen(level(None, 0.6), first_minutes(None, 0.0, 1))
    settled, _ = seen(level(None, 0.6), level(None, 0.0))
    assert open_.leader is not None
    assert settled.leader is not None
    assert open_.leader.cause.resource == settled.leader.cause.resource == CART
    assert open_.claim is not None
    assert open_.claim.is_open
    assert open_.leader.posterior <= MOST_OF_UNSURE < settled.leader.posterior
    told = next(f for f in found if f.feature == "new_version_worse" and f.resource == STOCK)
    assert (told.presence, told.change_id) == (Presence.UNKNOWN, "roll-stock")
    assert told.claim in open_.gaps


def test_a_release_that_nobody_asks_any_more_is_not_what_fails() -> None:
    """Old pods live and take nothing either."""
    stop = first_minutes(0.0, 0.0, 3)
    outcome, found = seen(level(None), first_minutes(None, 0.0, 3), (stop, stop))
    ceased = next(f for f in found if f.feature == "requests_cease" and f.resource == STOCK)
    assert ceased.presence is Presence.PRESENT
    against = {r.cause.resource: [s.decibans for s in r.scored.stances if found[s.index] is ceased]
               for r in outcome.ranked if r.cause.fault_class == "bad_release"}  # fmt: skip
    assert against[STOCK] == [-6.0]
    _, others = seen(level(None, 0.0), level(None, 0.0))
    assert not [f for f in others if f.feature == "requests_cease" and f.presence == "present"]


def test_requests_that_always_came_seldom_have_not_ceased() -> None:
    times, values = level(0.0)
    seldom = {"a": (times, np.where(np.arange(len(times)) % 2 == 0, values, np.nan))}
    gap = longest_gap(seldom, until=SINCE)
    assert gap == 120
    last = ceased_at(seldom, usual_gap=gap, until=times[-1])
    assert last is None
    assert ceased_at(seldom, usual_gap=60, until=times[-1] + 300) is not None


@pytest.mark.parametrize("presence", [Presence.PRESENT, Presence.ABSENT])
def test_what_is_not_there_survives_a_challenge_that_does_not_find_it_either(presence) -> None:
    _, found = seen(level(None, 0.6), level(None, 0.0))
    claim = next(f for f in found if f.presence is presence)
    other = next(f for f in found if f.presence not in {presence, Presence.UNKNOWN})
    assert held(claim, claim)
    assert not held(claim, other)
