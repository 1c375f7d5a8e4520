"""Far more requests than usual."""

import numpy as np

from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["search", "catalogue"]))
    size = {"search": 190.0, "catalogue": 520.0}[name] * float(picker.uniform(1.0, 1.25))
    world.faults.append(Fault("surge", name, size, onset, ramp_steps=8))
    return f"service/{name}"


SCENARIO = Scenario(
    slug="traffic_surge",
    title="More traffic than it can take",
    description="Requests to one service multiply within a minute.",
    fault_class="traffic_surge",
    arrange=arrange,
    helps=("scale",),
)
