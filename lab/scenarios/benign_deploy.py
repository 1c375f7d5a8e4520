"""A harmless release: a short warm-up trips an alert and is over."""

import numpy as np

from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["search", "checkout", "payments", "cart"]))
    world.plan(onset, deploying(name, summary="Update translations", author="ci"))
    world.faults.append(
        Fault("slow", name, {"search": 3.0, "cart": 8.0}.get(name, 18.0), onset, onset + 14)
    )
    return ""


SCENARIO = Scenario(
    slug="benign_deploy",
    title="Alert during a deploy",
    description="An alert fires while a release warms up.",
    fault_class="no_fault",
    arrange=arrange,
    onset_age_steps=(110, 140),
)
