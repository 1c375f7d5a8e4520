"""Retries without backoff turn a short hiccup into a lasting overload."""

import numpy as np

from lab.operations import setting
from lab.scenarios import Scenario
from lab.world import Fault, LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    callee = str(picker.choice(["catalogue", "search"]))
    retries = str(int(picker.integers(6, 9)))
    world.plan(onset - 8, setting("storefront", "retries.backoff_ms", "0", author="kim",
                                  summary="Retry at once"))  # fmt: skip
    world.plan(onset - 8, setting("storefront", "retries.max", retries, author="kim",
                                  summary=f"Retry up to {retries} times"))  # fmt: skip
    world.faults.append(Fault("slow", callee, 90.0, onset, onset + 12))
    return "service/storefront"


SCENARIO = Scenario(
    slug="retry_storm",
    title="Retries pile up",
    description="After a setting changed, calls are repeated until the callee drowns.",
    fault_class="retry_storm",
    arrange=arrange,
    helps=("revert_config",),
)
