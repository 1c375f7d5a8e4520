"""A bad network card on a node drops packets between two services."""

import numpy as np

from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    pairs = [("checkout", "payments"), ("checkout", "orders"), ("storefront", "cart"),
             ("orders", "inventory")]  # fmt: skip
    caller, callee = pairs[int(picker.integers(len(pairs)))]
    size = float(picker.uniform(0.14, 0.24))
    world.faults.append(Fault("loss", f"{caller}>{callee}", size, onset, cleared_by=callee))
    return f"service/{callee}"


SCENARIO = Scenario(
    slug="packet_loss",
    title="Packets get lost",
    description="A share of the packets between two services is dropped.",
    fault_class="packet_loss",
    arrange=arrange,
    helps=("rolling_restart",),
)
