"""Starting scenarios, acting on them as an operator would, and judging whether it helped."""

from datetime import UTC, datetime

import numpy as np

from lab import actions, alerts
from lab.world import LabWorld
from tests.factories import worlds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOLDING = {"HighLatency", "HighErrorRatio", "DiskAlmostFull"}


def started(slug: str, seed: int = 1, *, services: int = 0) -> LabWorld:
    """Return a world in which the scenario has just begun to alert."""
    return worlds.started(slug, seed, now=NOW, services=services)


def firings(world: LabWorld) -> list[alerts.Firing]:
    return alerts.evaluate(world, since_step=world.truth.onset_step)


def culprit(world: LabWorld) -> str:
    """Return the workload to act on: for a database, the one whose release came last."""
    kind, _, name = world.truth.resource.partition("/")
    if kind == "database":
        return [c for c in world.changes if c.kind == "deploy"][-1].workload
    return name


def act(world: LabWorld, action: str, workload: str, **what: object) -> dict[str, object]:
    """Apply an action with the preconditions of this moment."""
    now = actions.describe(world, workload)
    return actions.apply(world, {
        "action": action, "workload": workload, "uid": now["uid"],
        "resource_version": now["resource_version"],
        "idempotency_key": f"{action}-{workload}-{world.step}-{len(world.applied)}", **what,
    })  # fmt: skip


def treat(world: LabWorld, treatment: str) -> bool:
    """Do what a catalogue action does to the culprit; False when it does not apply."""
    name = culprit(world)
    workload = world.workloads[name]
    if treatment == "rolling_restart":
        act(world, "rolling_restart", name)
    elif treatment == "scale":
        act(world, "scale", name, replicas=workload.replicas * 3)
    elif treatment == "rollback":
        act(world, "rollback", name, revision=workload.current - 1)
    elif treatment == "raise_pool_limit":
        if "db.pool_size" not in workload.config:
            return False
        act(world, "set_pool_limit", name, size=max(12, int(workload.config["db.pool_size"]) * 2))
    else:
        recent = [c for c in workload.config_history if c[0] >= world.truth.onset_step - 10]
        if recent:
            before = {key: value for _, key, value, _ in reversed(recent)}
            act(world, "set_config", name, settings=before)
        return bool(recent)
    return True


def is_recovered(world: LabWorld) -> bool:
    """Whether no alert holds, and the series of the first one is back at its baseline."""
    found = firings(world)
    if any(f.end is None and f.rule in HOLDING for f in found):
        return False
    first = found[0]
    index = world.topology.index[first.service]
    rows = world.history.service_rows[first.metric][: world.history.count, index]
    calm, now = float(np.median(rows[:300])), float(np.mean(rows[-20:]))
    limit = {"latency_p99_seconds": 1.5 * calm, "error_ratio": calm + 0.02}
    return now <= limit.get(first.metric, 0.9)


def pass_seconds(world: LabWorld, seconds: float) -> None:
    world.run_to(world.step + int(seconds / 2))


def stays_well(world: LabWorld, *, settle_seconds: float = 240, watch_seconds: float = 480) -> bool:
    """Let it settle, then watch: a fault that comes and goes is not gone."""
    pass_seconds(world, settle_seconds)
    for _ in range(int(watch_seconds / 30)):
        if not is_recovered(world):
            return False
        pass_seconds(world, 30)
    return True
