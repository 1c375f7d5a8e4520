"""A CPU limit below what the service needs."""

import numpy as np

from lab.operations import set_config
from lab.scenarios import Scenario
from lab.world import LabWorld


def arrange(world: LabWorld, picker: np.random.Generator, onset: int) -> str:
    name = str(picker.choice(["catalogue", "search", "cart"]))

    def happen(live: LabWorld) -> None:
        index = live.topology.index[name]
        wanted = float(live.state.cpu[index]) * float(
            live.workloads[name].config["cpu.limit_cores"]
        )
        limit = f"{wanted / float(picker.uniform(1.5, 1.8)):.2f}"
        set_config(live, name, "cpu.limit_cores", limit, author="casey", summary="Right-size CPU")

    world.plan(onset, happen)
    return f"service/{name}"


SCENARIO = Scenario(
    slug="cpu_throttling",
    title="Held back by a CPU limit",
    description="A container wants more CPU than its limit and is throttled.",
    fault_class="cpu_throttling",
    arrange=arrange,
    helps=("revert_config", "scale"),
)
