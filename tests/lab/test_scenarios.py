"""Every practice scenario, diagnosed from its first alert: right, or not at all."""

import os
from datetime import timedelta

import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.reconciler.outcome import Outcome
from agents.scoping import build_case
from lab.inprocess import InProcessLabClient
from lab.scenarios import SCENARIOS
from lab.world import LabWorld
from telemetry.adapters.lab import open_lab_sources
from telemetry.ask import guarded
from telemetry.types import TimeWindow
from tests.lab.practice import NOW, started

SEEDS = range(1, 1 + int(os.environ.get("SRE_LAB_SEEDS", "2")))
LOOK_BACK = timedelta(minutes=5)
BASELINE = timedelta(minutes=15)


def _diagnose(world: LabWorld) -> Outcome:
    sources = guarded(open_lab_sources(InProcessLabClient(world)))
    since_onset = TimeWindow(world.at(world.truth.onset_step - 5), NOW)
    first = sources.alerts.alerts(since_onset).data[0]
    window = TimeWindow(first.starts_at - LOOK_BACK, NOW)
    symptom = Symptom(first.resource, first.starts_at, first.summary, first.semantic)
    case = build_case(
        sources, (symptom,), window, TimeWindow(window.start - BASELINE, window.start)
    )
    return investigate(case)


def test_a_slow_start_that_passed_by_itself_is_no_fault_of_the_release() -> None:
    assert _diagnose(started("benign_deploy", 4)).verdict == "no_fault"


@pytest.mark.parametrize("seed", [8, 47])
def test_a_surge_is_told_from_a_harmless_release_on_a_caller_or_on_the_drowned(seed: int) -> None:
    world = started("traffic_surge", seed)
    outcome = _diagnose(world)
    assert outcome.leader is not None
    leader = outcome.leader.cause
    found = outcome.verdict, str(leader.resource), leader.fault_class
    assert found == ("likely_cause", world.truth.resource, "traffic_surge")


@pytest.mark.capability(13, 20, 34)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("slug", sorted(SCENARIOS))
def test_the_first_alert_leads_to_the_cause(slug: str, seed: int) -> None:
    world = started(slug, seed)
    outcome = _diagnose(world)
    if world.truth.fault_class == "no_fault":
        assert outcome.verdict == "no_fault"
        return
    assert outcome.leader is not None
    leader = outcome.leader.cause
    assert (str(leader.resource), leader.fault_class) == (
        world.truth.resource, world.truth.fault_class,
    )  # fmt: skip
    assert outcome.verdict == "likely_cause"


def test_the_same_telemetry_gives_the_same_outcome() -> None:
    first, second = (_diagnose(started("lock_contention", 3)) for _ in range(2))
    assert first == second
