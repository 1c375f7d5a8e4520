"""A release that makes every request slower."""

import numpy as np

from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import LabWorld

DIFF = """--- a/lookup.py
+++ b/lookup.py
-    rows = load_many(ids)
+    rows = [load_one(i) for i in ids]
"""


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["payments", "orders", "search", "checkout", "cart"]))
    factor = float(picker.uniform(9, 16)) if name != "search" else float(picker.uniform(4, 6))
    world.plan(
        onset,
        deploying(name, summary="Simplify the lookup", author="dana", diff=DIFF,
                  service_factor=factor),
    )  # fmt: skip
    return f"service/{name}"


SCENARIO = Scenario(
    slug="bad_release_latency",
    title="Slow after a release",
    description="A service's latency rises right after its own rollout.",
    fault_class="bad_release",
    arrange=arrange,
    helps=("rollback",),
)
