"""How the world moves: conditions from workloads and faults, pods' lives, and measuring."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lab import operations
from lab.model import DATABASE_NAME, Floats
from lab.physics import Conditions, advance
from lab.workloads import Workload

if TYPE_CHECKING:
    from lab.world import LabWorld

Happening = Callable[["LabWorld"], None]
GC_STARTS_AT = 0.82
CRASH_PERIOD_STEPS = 9
CLIENT_GIVES_UP_SECONDS = 10.0
RETRY_BUDGET = 0.2


def take_step(world: "LabWorld") -> None:
    """Finish rollouts, live the pods' lives, advance the physics, measure."""
    operations.finish_rollouts(world)
    memory = _live(world)
    given = conditions(world, memory)
    world.state = advance(world.topology, given, world.state)
    _measure(world, given, memory)


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
    shares = np.array([_share(w, w.current) for w in loads])
    given = Conditions(
        service_factor=(1 + (np.array([w.release.service_factor for w in loads]) - 1) * shares)
        * (1 + 9.0 * pressure**2),
        own_error=0.0006 + np.array([w.release.own_error for w in loads]) * shares
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
        loss=np.zeros(e), edge_delay=np.zeros(e), tls_failure=np.zeros(e),
    )  # fmt: skip
    _apply_faults(world, given)
    _apply_locks(world, given)
    return given


def _share(workload: Workload, revision: int) -> float:
    pods = workload.pods
    return sum(pod.revision == revision for pod in pods) / len(pods) if pods else 1.0


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
            field = {"loss": given.loss, "delay": given.edge_delay, "tls": given.tls_failure}
            field[fault.kind][edges_of(world, fault.target)] += level


def edges_of(world: "LabWorld", target: str) -> list[int]:
    """Return the edges that ``caller>callee`` or ``*>callee`` names."""
    caller, _, callee = target.partition(">")
    if caller == "*":
        return world.topology.edges_to(callee)
    return [world.topology.edge_index[caller, callee]]


def lock_holders(world: "LabWorld") -> list[tuple[str, float]]:
    """Return workloads whose release holds database locks too long, with the seconds."""
    return [
        (w.spec.name, w.release.lock_seconds * _share(w, w.current))
        for w in world.workloads.values()
        if w.release.lock_seconds > 0 and _share(w, w.current) > 0
    ]


def _apply_locks(world: "LabWorld", given: Conditions) -> None:
    wait = sum(seconds for _, seconds in lock_holders(world))
    if wait:
        given.edge_delay[world.topology.edges_to(DATABASE_NAME)] += wait * 0.5
        for name, seconds in lock_holders(world):
            given.edge_delay[edges_of(world, f"{name}>{DATABASE_NAME}")] += seconds * 0.5


def _live(world: "LabWorld") -> Floats:
    """Let pods grow, crash and be killed; return each service's mean working set in bytes."""
    result = np.zeros(world.topology.size)
    for index, spec in enumerate(world.topology.specs):
        workload = world.workloads[spec.name]
        total = 0.0
        for number, pod in enumerate(workload.pods):
            release = next(r for r in workload.releases if r.revision == pod.revision)
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
            total += used
        result[index] = total / max(1, len(workload.pods))
        _disk(workload)
    noise = 1 + 0.006 * world.random.standard_normal(world.topology.size)
    return result * noise


def _disk(workload: Workload) -> None:
    is_flooding = workload.config["log.level"] == "debug" or workload.release.log_bytes_factor > 1
    if is_flooding:
        workload.disk_ratio = min(0.995, workload.disk_ratio + 0.0022)
    elif workload.disk_ratio > 0.55:
        workload.disk_ratio -= 0.02


def _measure(world: "LabWorld", given: Conditions, memory: Floats) -> None:
    topology, state, random = world.topology, world.state, world.random
    n, e = topology.size, len(topology.fan)

    def noisy(values: Floats, size: float) -> Floats:
        return np.maximum(values * (1 + size * random.standard_normal(len(values))), 0.0)

    loads = [world.workloads[spec.name] for spec in topology.specs]
    to_database = np.array([topology.specs[d].kind == "database" for d in topology.callees])
    database = topology.index[DATABASE_NAME]
    in_use, waits, lock_waits = np.zeros(n), np.zeros(n), np.zeros(n)
    in_use[database] = state.pool_in_use[to_database].sum()
    lock_waits[database] = sum(3.0 + 6.0 * s for _, s in lock_holders(world))
    waits[database] = float(np.mean(given.edge_delay[to_database])) + state.latency[database]
    is_logging = np.array([
        8.0 if w.config["log.level"] == "debug" or w.release.log_bytes_factor > 1 else 1.0
        for w in loads])  # fmt: skip
    limits = np.array([spec.memory_limit_bytes for spec in topology.specs])
    world.history.append(
        {
            "request_rate": noisy(state.rate, 0.02),
            "error_ratio": np.clip(noisy(state.error, 0.08), 0, 1),
            "latency_p50_seconds": noisy(state.latency * 0.8, 0.03),
            "latency_p99_seconds": noisy(np.minimum(state.latency * 2.6, CLIENT_GIVES_UP_SECONDS), 0.05),
            "cpu_utilisation_ratio": np.clip(noisy(state.cpu, 0.04), 0, 1),
            "cpu_throttled_ratio": np.clip(noisy(state.throttled, 0.05) + 0.002, 0, 1),
            "memory_working_set_bytes": memory,
            "memory_limit_bytes": limits,
            "restarts_total": np.array([float(sum(p.restarts for p in w.pods)) for w in loads]),
            "replicas_ready": given.ready,
            "replicas_desired": np.array([float(w.replicas) for w in loads]),
            "disk_used_ratio": np.array([w.disk_ratio for w in loads]),
            "queue_depth": np.maximum(noisy(state.rho * 4, 0.2), 0),
            "db_lock_waits": lock_waits,
            "db_connections_in_use": in_use,
            "db_query_p99_seconds": noisy(waits * 2.4, 0.06),
            "cache_hit_ratio": np.clip(0.94 + 0.004 * random.standard_normal(n), 0, 1),
            "gc_pause_seconds_sum": noisy(memory / limits * 0.004, 0.1),
            "log_bytes_rate": noisy(state.rate * 180 * is_logging, 0.05),
        },
        {
            "request_rate": noisy(state.edge_rate, 0.02),
            "error_ratio": np.clip(noisy(state.edge_error, 0.08), 0, 1),
            "latency_p50_seconds": noisy(state.edge_latency * 0.8, 0.03),
            "latency_p99_seconds": noisy(np.minimum(state.edge_latency * 2.6, CLIENT_GIVES_UP_SECONDS), 0.05),
            "retry_rate": noisy(state.retry_rate, 0.05),
            "network_packet_loss_ratio": np.clip(noisy(given.loss, 0.08), 0, 1),
            "network_retransmit_ratio": np.clip(noisy(given.loss * 1.2 + 0.0008, 0.1), 0, 1),
            "network_rtt_seconds": noisy(np.full(e, 0.0006), 0.08),
            "tls_handshake_failure_ratio": np.clip(noisy(given.tls_failure, 0.01), 0, 1),
            "db_connections_in_use": state.pool_in_use,
            "db_connections_max": np.where(
                np.isfinite(given.pool_size), given.pool_size * given.ready[topology.callers], 0),
            "db_pool_wait_seconds": noisy(state.pool_wait + 0.0004, 0.1),
        },
    )  # fmt: skip


def add_decoys(world: "LabWorld", picker: np.random.Generator, onset: int) -> None:
    """Schedule harmless changes before the onset, as any real system has them."""
    names = [s.name for s in world.topology.specs if s.kind == "service" and s.name != "cache"]
    for _ in range(int(picker.integers(1, 4))):
        name = str(picker.choice(names))
        step = int(picker.integers(60, max(61, onset - 130)))
        world.plan(step, operations.deploying(name, summary="Routine release", author="ci"))
