"""Debug logs fill a volume."""

import numpy as np

from lab.operations import setting
from lab.scenarios import Scenario
from lab.world import LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["orders", "payments", "catalogue", "inventory"]))
    world.workloads[name].disk_ratio = 0.54
    world.plan(
        onset, setting(name, "log.level", "debug", author="noor", summary="Look into a report")
    )
    return f"service/{name}"


SCENARIO = Scenario(
    slug="disk_full",
    title="A volume fills up",
    description="Log output grows until writes fail.",
    fault_class="disk_exhaustion",
    arrange=arrange,
    helps=("revert_config",),
    onset_age_steps=(255, 300),
)
