"""A release that leaks until the kernel kills it."""

import numpy as np

from lab.model import STEP_SECONDS
from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import BACKFILL_STEPS, LabWorld

DIFF = """--- a/cache.py
+++ b/cache.py
-    cache = LRU(1000)
+    cache = {}
"""


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["cart", "orders", "recommendations", "payments"]))
    spec = world.workloads[name].spec
    age_seconds = (BACKFILL_STEPS - onset) * STEP_SECONDS
    first_kill_seconds = age_seconds - float(picker.uniform(60, 110))
    leak = (spec.memory_limit_bytes - spec.memory_bytes) / first_kill_seconds
    world.plan(
        onset,
        deploying(name, summary="Keep sessions in memory", author="ash", diff=DIFF,
                  leak_bytes_per_second=leak),
    )  # fmt: skip
    return f"service/{name}"


SCENARIO = Scenario(
    slug="memory_leak",
    title="Memory grows until it is killed",
    description="Memory climbs steadily, garbage collection bites, then pods are killed.",
    fault_class="memory_leak",
    arrange=arrange,
    helps=("rollback",),
    onset_age_steps=(355, 400),
)
