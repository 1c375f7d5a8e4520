"""A release that fails a share of its requests."""

import numpy as np

from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import LabWorld

DIFF = """--- a/discount.py
+++ b/discount.py
-    rate = plan.rate if plan else 0
+    rate = plan.rate
"""


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["payments", "orders", "cart", "inventory", "catalogue"]))
    world.plan(
        onset,
        deploying(name, summary="Tidy the discount code", author="lee", diff=DIFF,
                  own_error=float(picker.uniform(0.25, 0.45)),
                  error_text="AttributeError: 'NoneType' object has no attribute 'rate'"),
    )  # fmt: skip
    return f"service/{name}"


SCENARIO = Scenario(
    slug="bad_release_errors",
    title="Errors after a release",
    description="A service answers with errors right after its own rollout.",
    fault_class="bad_release",
    arrange=arrange,
    helps=("rollback",),
)
