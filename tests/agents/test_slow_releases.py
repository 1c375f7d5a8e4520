"""A release that makes a service slow is told from slowness by itself or for want of CPU."""

import pytest

from lab.world import LabWorld
from tests.agents.test_second_incident import NOW, outcome_of_release


@pytest.mark.parametrize(
    ("name", "factor"), [("cart", 6.0), ("cart", 10.0), ("catalogue", 8.0), ("payments", 10.0)]
)
def test_a_slow_release_is_blamed_for_what_its_service_takes_longer(name, factor) -> None:
    world = LabWorld(seed=3)
    world.reset(seed=3, now=NOW)
    world.run_to(world.step + 30)
    outcome = outcome_of_release(world, name, service_factor=factor)
    assert outcome.verdict == "likely_cause", outcome.summary
    cause = outcome.leader.cause
    assert (cause.resource.name, cause.fault_class) == (name, "bad_release")
