"""A rollout whose pods do not stay up."""

import numpy as np

from lab.operations import deploying
from lab.scenarios import Scenario
from lab.world import LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["orders", "payments", "search", "inventory"]))
    world.plan(
        onset,
        deploying(name, share=0.67, summary="Move to the new client", author="mika",
                  diff="-client = Client()\n+client = Client(pool=settings.POOL)\n",
                  crash_text="TypeError: Client() got an unexpected keyword argument 'pool'"),
    )  # fmt: skip
    return f"service/{name}"


SCENARIO = Scenario(
    slug="crash_loop",
    title="Pods crash after a rollout",
    description="New pods exit soon after they start, again and again.",
    fault_class="crash_loop",
    arrange=arrange,
    helps=("rollback",),
)
