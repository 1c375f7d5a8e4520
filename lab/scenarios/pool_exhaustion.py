"""A connection pool too small for its load."""

import numpy as np

from lab.operations import setting
from lab.scenarios import Scenario
from lab.world import LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["orders", "inventory", "users"]))
    world.plan(
        onset,
        setting(name, "db.pool_size", "2", author="robin", summary="Save database connections"),
    )
    return f"service/{name}"


SCENARIO = Scenario(
    slug="pool_exhaustion",
    title="Waiting for connections",
    description="Requests queue for a database connection.",
    fault_class="pool_exhaustion",
    arrange=arrange,
    helps=("raise_pool_limit", "revert_config"),
)
