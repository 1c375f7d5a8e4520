"""Pods, workloads, nodes, events; changes; and the database's own view."""

from collections.abc import Sequence

import numpy as np

from lab.model import DATABASE_CONNECTIONS_MAX, DATABASE_NAME, NAMESPACE, NODES
from lab.operations import lock_holders, ready_count
from lab.views.metrics import ref_of
from lab.workloads import Pod, Workload
from lab.world import LabWorld
from telemetry.types import (
    ChangeEvent,
    ChangeKind,
    ClusterEvent,
    ClusterState,
    DatabaseSession,
    DatabaseState,
    NodeState,
    PodState,
    ResourceRef,
    SlowStatement,
    TimeWindow,
    WorkloadState,
)


def _asked(world: LabWorld, resources: Sequence[ResourceRef]) -> list[Workload]:
    names = {r.name for r in resources}
    return [
        w for w in world.workloads.values()
        if world.is_managed(w.spec.name) and (not names or w.spec.name in names)
    ]  # fmt: skip


def state(world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow) -> ClusterState:
    """Return the cluster's objects now, and its events in the window."""
    asked = _asked(world, resources)
    names = {w.spec.name for w in asked}
    start, end = world.step_of(window.start), world.step_of(window.end)
    return ClusterState(
        pods=tuple(_pod(world, w, pod) for w in asked for pod in w.pods),
        workloads=tuple(_workload(world, w) for w in asked),
        nodes=tuple(NodeState(name, ready=True, conditions=("Ready",)) for name in NODES),
        events=tuple(
            ClusterEvent(world.at(n.step), ref_of(world, world.topology.index[n.workload]),
                         n.reason, n.message, n.is_warning)
            for n in world.notes
            if n.workload in names and start <= n.step < end
        ),
    )  # fmt: skip


def _pod(world: LabWorld, workload: Workload, pod: Pod) -> PodState:
    is_crashing = pod.crash_wait > 0
    reason = ""
    if is_crashing:
        reason = "CrashLoopBackOff" if pod.last_termination == "Error" else "ContainerCreating"
    release = workload.release_of(pod.revision)
    return PodState(
        name=pod.name, workload=workload.spec.name, namespace=NAMESPACE, node=pod.node,
        phase="Running", ready=not is_crashing, restarts=pod.restarts, reason=reason,
        last_termination=pod.last_termination, exit_code=pod.exit_code,
        image=f"registry.example/{workload.spec.name}:{release.tag}",
        started_at=world.at(pod.started_step),
    )  # fmt: skip


def _workload(world: LabWorld, workload: Workload) -> WorkloadState:
    rolling = any(r.workload == workload.spec.name for r in world.rollouts)
    return WorkloadState(
        resource=ref_of(world, world.topology.index[workload.spec.name]),
        kind="Deployment",
        replicas_desired=workload.replicas,
        replicas_ready=int(ready_count(world, workload)),
        revision=str(workload.current),
        image=workload.image,
        conditions=("Progressing",) if rolling else ("Available",),
        settings=tuple(sorted(workload.config.items())),
    )


def changes(
    world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow
) -> list[ChangeEvent]:
    """Return changes in the window, oldest first."""
    names = {r.name for r in resources}
    start, end = world.step_of(window.start), world.step_of(window.end)
    return [
        ChangeEvent(
            id=c.id, at=world.at(c.step), kind=ChangeKind(c.kind),
            resource=ref_of(world, world.topology.index[c.workload]), summary=c.summary,
            author=c.author, revision_before=c.before, revision_after=c.after, diff=c.diff,
        )
        for c in world.changes
        if start <= c.step < end and (not names or c.workload in names)
    ]  # fmt: skip


def inspect(
    world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow
) -> list[DatabaseState]:
    """Return the database's state now: sessions, who blocks whom, slow statements."""
    names = {r.name for r in resources}
    if (names and DATABASE_NAME not in names) or world.step_of(window.end) <= world.history.first:
        return []
    topology, step = world.topology, world.step - 1
    random = np.random.default_rng([world.seed, 11, step])
    row = step - world.history.first
    index = topology.index[DATABASE_NAME]
    holders = lock_holders(world)
    sessions = _sessions(world, row, random, holders)
    statement = float(world.history.service_rows["db_query_p99_seconds"][row, index])
    return [
        DatabaseState(
            resource=ref_of(world, index),
            at=world.at(step),
            sessions=tuple(sessions),
            slow_statements=(
                SlowStatement("UPDATE stock SET held = held + $1 WHERE sku = $2",
                              float(world.state.rate[index]) * 0.4, statement / 2.4),
                SlowStatement("SELECT * FROM orders WHERE id = $1",
                              float(world.state.rate[index]) * 0.6,
                              float(world.state.latency[index])),
            ),
            connections_in_use=len(sessions),
            connections_max=DATABASE_CONNECTIONS_MAX,
            replication_lag_seconds=0.1,
        )
    ]  # fmt: skip


def _sessions(
    world: LabWorld, row: int, random: np.random.Generator, holders: list[tuple[str, float]]
) -> list[DatabaseSession]:
    sessions: list[DatabaseSession] = []
    pid = 1200
    blockers: list[int] = []
    for name, seconds in holders:
        pid += 1
        blockers.append(pid)
        sessions.append(
            DatabaseSession(
                pid,
                name,
                "idle in transaction",
                "ClientRead",
                "SELECT * FROM orders WHERE state = $1 FOR UPDATE",
                seconds * 40,
            )
        )
    for edge in world.topology.edges_to(DATABASE_NAME):
        client = world.topology.specs[world.topology.callers[edge]].name
        count = round(float(world.history.edge_rows["db_connections_in_use"][row, edge]))
        for number in range(min(count, 40)):
            pid += 1
            is_blocked = bool(blockers) and number % 3 != 0
            sessions.append(
                DatabaseSession(
                    pid,
                    client,
                    "active",
                    "Lock:transactionid" if is_blocked else "",
                    "UPDATE stock SET held = held + $1 WHERE sku = $2"
                    if is_blocked
                    else "SELECT * FROM orders WHERE id = $1",
                    float(random.uniform(1, 9)) if is_blocked else float(random.uniform(0, 0.05)),
                    tuple(blockers) if is_blocked else (),
                )
            )
    return sessions  # fmt: skip
