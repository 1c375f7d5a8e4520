"""A short network hiccup that is over before anybody looks."""

import numpy as np

from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    callee = str(picker.choice(["payments", "orders", "search", "cart"]))
    caller = "storefront" if callee in {"search", "cart"} else "checkout"
    length = int(picker.integers(15, 22))
    world.faults.append(Fault("delay", f"{caller}>{callee}", 0.3, onset, onset + length))
    return ""


SCENARIO = Scenario(
    slug="self_healed_blip",
    title="A short hiccup",
    description="Latency rises for half a minute and falls again.",
    fault_class="no_fault",
    arrange=arrange,
    onset_age_steps=(110, 140),
)
