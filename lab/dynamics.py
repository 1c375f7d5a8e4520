"""How the world moves: conditions from workloads and faults, and the lives of pods."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lab import measuring, operations
from lab.model import DATABASE_NAME, Floats
from lab.physics import Conditions, advance
from lab.workloads import Workload

if TYPE_CHECKING:
    from lab.world import LabWorld

Happening = Callable[["LabWorld"], None]
GC_STARTS_AT = 0.82
CRASH_PERIOD_STEPS = 9
RETRY_BUDGET = 0.2


def take_step(world: "LabWorld") -> None:
    """Move rollouts on, live the pods' lives, advance the physics, measure."""
    operations.move_rollouts(world)
    memory = _live(world)
    given = conditions(world, memory)
    world.state = advance(world.topology, given, world.state)
    measuring.measure(world, given, memory)


def conditions(world: "LabWorld", memory: Floats) -> Conditions:
    """Return everything that acts on the physics at this step."""
    topology = world.topology
    n, e = topology.size, len(topology.fan)
    loads = [world.workloads[spec.name] for spec in topology.specs]
    limits = np.array([spec.memory_limit_bytes for spec in topology.specs])
    pressure = np.clip((memory / limits - GC_STARTS_AT) / (1 - GC_STARTS_AT), 0.0, 1.0)
    wobble = 1 + 0.03 * world.random.standard_normal(n)
    day = 1 + 0.02 * np.sin(world.step / 140.0)
    external = np.array([spec.external_rate for spec in topology.specs]) * day * wobble
    given = Conditions(
        service_factor=np.array([w.behaviour.service_factor for w in loads])
        * (1 + 9.0 * pressure**2),
        own_error=0.0006 + np.array([w.behaviour.own_error for w in loads])
        + np.array([_trouble(world, w.spec.name) for w in loads]),
        ready=np.array([float(operations.ready_count(world, w)) for w in loads]),
        cpu_limit=np.array([float(w.config["cpu.limit_cores"]) for w in loads])
        * np.array([8.0 if w.spec.kind != "service" else 1.0 for w in loads]),
        external_rate=np.maximum(external, 0.0),
        query_factor=np.ones(n),
        extra_latency=np.zeros(n),
        pool_size=np.array([
            float(loads[c].config["db.pool_size"]) if topology.specs[d].kind == "database"
            else np.inf for c, d in zip(topology.callers, topology.callees, strict=True)]),
        retry_budget=np.array([
            np.inf if loads[c].config["retries.backoff_ms"] == "0" else RETRY_BUDGET
            for c in topology.callers]),
        retries_max=np.array([float(loads[c].config["retries.max"]) for c in topology.callers]),
        timeout_seconds=np.array(
            [float(loads[c].config["http.timeout_ms"]) / 1000 for c in topology.callers]),
        loss=np.zeros(e), edge_delay=np.zeros(e), network_delay=np.zeros(e), tls_failure=np.zeros(e),
    )  # fmt: skip
    _apply_faults(world, given)
    _apply_locks(world, given)
    return given


def _trouble(world: "LabWorld", name: str) -> float:
    """Errors of a service's own from crashing pods and a full disk."""
    workload = world.workloads[name]
    crashing = [p for p in workload.pods if p.crash_wait > 0]
    error = 0.45 * len(crashing) / len(workload.pods) if workload.pods else 0.9
    return min(0.95, error + (0.35 if workload.disk_ratio >= 0.97 else 0.0))


def _apply_faults(world: "LabWorld", given: Conditions) -> None:
    for fault in world.faults:
        level = fault.level(world.step) * fault.size
        if level == 0.0:
            continue
        if fault.kind == "surge":
            given.external_rate[world.topology.index[fault.target]] += level
        elif fault.kind == "slow":
            given.service_factor[world.topology.index[fault.target]] *= 1 + level
        else:
            field = {"loss": given.loss, "delay": given.network_delay, "tls": given.tls_failure}
            field[fault.kind][edges_of(world, fault.target)] += level


def edges_of(world: "LabWorld", target: str) -> list[int]:
    """Return the edges that ``caller>callee`` or ``*>callee`` names."""
    caller, _, callee = target.partition(">")
    if caller == "*":
        return world.topology.edges_to(callee)
    return [world.topology.edge_index[caller, callee]]


def _apply_locks(world: "LabWorld", given: Conditions) -> None:
    wait = sum(seconds for _, seconds in operations.lock_holders(world))
    if wait:
        given.edge_delay[world.topology.edges_to(DATABASE_NAME)] += wait * 0.5
        for name, seconds in operations.lock_holders(world):
            given.edge_delay[edges_of(world, f"{name}>{DATABASE_NAME}")] += seconds * 0.5


def _live(world: "LabWorld") -> Floats:
    """Let pods grow, crash and be killed; return each service's mean working set in bytes."""
    result = np.zeros(world.topology.size)
    for index, spec in enumerate(world.topology.specs):
        workload = world.workloads[spec.name]
        total = 0.0
        for number, pod in enumerate(workload.pods):
            release = workload.release_of(pod.revision)
            age = (world.step - pod.started_step) * 2.0
            leak = release.leak_bytes_per_second * (0.94 + 0.04 * (number % 4))
            used = spec.memory_bytes + leak * min(age, 36_000)
            if used >= spec.memory_limit_bytes:
                operations.kill_pod(world, workload, pod, "OOMKilled", 137)
                used = spec.memory_bytes
            if release.crash_text:
                operations.crash_pod(world, workload, pod, CRASH_PERIOD_STEPS)
            elif pod.crash_wait > 0:
                pod.crash_wait -= 1
            pod.memory_bytes = used
            total += used
        result[index] = total / max(1, len(workload.pods))
        _disk(workload)
    noise = 1 + 0.006 * world.random.standard_normal(world.topology.size)
    return result * noise


def _disk(workload: Workload) -> None:
    if workload.is_flooding:
        workload.disk_ratio = min(0.995, workload.disk_ratio + 0.0022)
    elif workload.disk_ratio > 0.55:
        workload.disk_ratio -= 0.02
