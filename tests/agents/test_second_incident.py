"""A second incident soon after a first one was mended: what is left of that explains nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.scoping import build_case
from lab import alerts, operations
from lab.inprocess import InProcessLabClient
from lab.world import LabWorld
from telemetry.adapters.lab import open_lab_sources
from telemetry.ask import guarded
from telemetry.types import TimeWindow, service

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CRASH = {"crash_text": "TypeError: Client() got an unexpected argument", "share": 0.67}
ERRORS = {"own_error": 0.35, "error_text": "AttributeError: 'NoneType' has no attribute 'rate'"}
SLOW = {"service_factor": 7.0}
PAIRS = {
    "crash loop, then errors at its caller": ("inventory", CRASH, "orders", ERRORS, "bad_release"),
    "errors, then a crash loop at its callee": ("orders", ERRORS, "inventory", CRASH, "crash_loop"),
    "errors at a callee, then its caller": ("inventory", ERRORS, "orders", ERRORS, "bad_release"),
    "errors, then slowness elsewhere": ("orders", ERRORS, "catalogue", SLOW, "bad_release"),
}


def second_incident(first, broken, second, how, *, apart_seconds: int):
    """Return the outcome for the second incident, a minute after its alert."""
    world = LabWorld(seed=1)
    world.reset(seed=1, now=NOW)
    operations.deploying(first, summary="First", author="kim", **broken)(world)
    world.run_to(world.step + 35)
    operations.roll_back(world, first, world.workloads[first].current - 1)
    world.run_to(world.step + apart_seconds // 2)
    return outcome_of_release(world, second, **how)


def outcome_of_release(world, name, **how):
    """Roll a release out, and return the outcome a minute after the first alert since."""
    began = world.step
    operations.deploying(name, summary="Second", author="lee", **how)(world)
    fired = []
    while not fired:
        world.run_to(world.step + 1)
        fired = alerts.evaluate(world, since_step=began)
    world.run_to(world.step + 30)
    at = world.at(fired[0].start)
    return investigate(build_case(
        guarded(open_lab_sources(InProcessLabClient(world)), deadline_seconds=10),
        (Symptom(service(fired[0].service), at, fired[0].summary),),
        TimeWindow(at - timedelta(minutes=10), world.at(world.step)),
        TimeWindow(at - timedelta(minutes=30), at - timedelta(minutes=10)),
    ))  # fmt: skip


@pytest.mark.parametrize("apart_seconds", [40, 150])
@pytest.mark.parametrize("pair", list(PAIRS))
def test_the_second_incident_is_told_from_what_is_left_of_the_first(pair, apart_seconds) -> None:
    *how, fault_class = PAIRS[pair]
    outcome = second_incident(*how, apart_seconds=apart_seconds)
    assert outcome.verdict == "likely_cause", outcome.summary
    assert (outcome.leader.cause.resource.name, outcome.leader.cause.fault_class) == (
        how[2], fault_class,
    )  # fmt: skip
