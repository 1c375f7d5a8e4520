"""The practice world: the same by seed, and moved by what operators really do to it."""

from datetime import timedelta

import pytest

from lab import actions
from lab.inprocess import InProcessLabClient
from lab.scenarios import SCENARIOS
from lab.world import LabWorld
from tests.lab.practice import NOW, act, firings, started, stays_well, treat

FAULTY = sorted(slug for slug, s in SCENARIOS.items() if s.fault_class != "no_fault")
HELPING = [(slug, treatment) for slug in FAULTY for treatment in SCENARIOS[slug].helps]


@pytest.mark.parametrize("slug", FAULTY)
def test_a_fault_left_alone_does_not_recover(slug: str) -> None:
    world = started(slug)
    assert not stays_well(world)


@pytest.mark.parametrize(("slug", "treatment"), HELPING)
def test_the_treatment_that_is_said_to_help_does(slug: str, treatment: str) -> None:
    world = started(slug)
    assert treat(world, treatment)
    assert stays_well(world)


@pytest.mark.parametrize("slug", ["bad_release_errors", "crash_loop", "retry_storm"])
def test_a_treatment_of_something_else_does_not_help(slug: str) -> None:
    world = started(slug)
    assert treat(world, "rolling_restart")
    assert not stays_well(world)


def test_a_seed_decides_everything() -> None:
    def told(seed: int) -> object:
        world = LabWorld(seed=seed)
        world.start("bad_release_errors", now=NOW)
        client = InProcessLabClient(world)
        window = [(NOW - timedelta(minutes=5)).isoformat(), NOW.isoformat()]
        asked = {"window": window, "resources": ["service/orders"]}
        return [client.ask(question, asked) for question in ("alerts", "lines", "changes")]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_an_alert_comes_after_the_fault_and_none_before() -> None:
    for slug in FAULTY:
        world = started(slug)
        assert all(f.start >= world.truth.onset_step for f in firings(world)), slug


def test_an_action_is_done_once_and_only_on_what_was_seen() -> None:
    world = started("bad_release_errors")
    name = world.truth.resource.partition("/")[2]
    seen = actions.describe(world, name)
    act(world, "scale", name, replicas=5)
    request = {
        "action": "scale", "workload": name, "replicas": 9, "uid": seen["uid"],
        "resource_version": seen["resource_version"], "idempotency_key": "late",
    }  # fmt: skip
    with pytest.raises(actions.Conflict):
        actions.apply(world, request)
    request |= {"resource_version": actions.describe(world, name)["resource_version"]}
    once = actions.apply(world, request)
    assert actions.apply(world, request) == once
    assert actions.describe(world, name)["replicas"] == 9
