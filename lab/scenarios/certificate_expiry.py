"""A certificate runs out; its renewal lies on disk but was never loaded."""

import numpy as np

from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["payments", "inventory", "users", "cart"]))
    world.workloads[name].certificate_end_step = onset
    world.faults.append(Fault("tls", f"*>{name}", 0.96, onset, cleared_by=name))
    return f"service/{name}"


SCENARIO = Scenario(
    slug="certificate_expiry",
    title="A certificate has run out",
    description="TLS handshakes with one service fail.",
    fault_class="certificate_expiry",
    arrange=arrange,
    helps=("rolling_restart",),
)
