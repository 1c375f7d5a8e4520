"""A release holds row locks across slow work, and everybody waits."""

import numpy as np

from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import LabWorld

DIFF = """--- a/settle.py
+++ b/settle.py
+    with transaction():
+        rows = select_for_update(open_orders)
+        notify_all(rows)
"""


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["orders", "inventory", "payments"]))
    world.plan(
        onset,
        deploying(name, summary="Settle open rows in one go", author="sam", diff=DIFF,
                  lock_seconds=float(picker.uniform(0.3, 0.45))),
    )  # fmt: skip
    return "database/orders-db"


SCENARIO = Scenario(
    slug="lock_contention",
    title="Blocked rows",
    description="Sessions of the database wait for each other's locks.",
    fault_class="lock_contention",
    arrange=arrange,
    helps=("rollback",),
)
