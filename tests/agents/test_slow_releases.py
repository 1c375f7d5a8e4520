"""A release that makes a service slow is told from slowness by itself or for want of CPU."""

from datetime import timedelta

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
from tests.agents.test_second_incident import NOW


@pytest.mark.parametrize(
    ("name", "factor"), [("cart", 6.0), ("cart", 10.0), ("catalogue", 8.0), ("payments", 10.0)]
)
def test_a_slow_release_is_blamed_for_what_its_service_takes_longer(name, factor) -> None:
    world = LabWorld(seed=3)
    world.reset(seed=3, now=NOW)
    world.run_to(world.step + 30)
    began = world.step
    operations.deploying(
        name, summary="Simplify the lookup", author="dana", service_factor=factor
    )(world)  # fmt: skip
    fired = []
    while not fired:
        world.run_to(world.step + 1)
        fired = alerts.evaluate(world, since_step=began)
    world.run_to(world.step + 30)
    at = world.at(fired[0].start)
    outcome = investigate(build_case(
        guarded(open_lab_sources(InProcessLabClient(world)), deadline_seconds=10),
        (Symptom(service(fired[0].service), at, fired[0].summary),),
        TimeWindow(at - timedelta(minutes=10), world.at(world.step)),
        TimeWindow(at - timedelta(minutes=30), at - timedelta(minutes=10)),
    ))  # fmt: skip
    assert outcome.verdict == "likely_cause", outcome.summary
    cause = outcome.leader.cause
    assert (cause.resource.name, cause.fault_class) == (name, "bad_release")
