"""Series of services and edges, mapped to meanings or left under their native names."""

from collections.abc import Sequence

import numpy as np

from lab.history import EDGE_METRICS, SERVICE_METRICS
from lab.model import STEP_SECONDS
from lab.world import LabWorld
from telemetry.types import (
    COUNTERS,
    ResourceKind,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
)

UNMAPPED = {
    "gc_pause_seconds_sum", "log_bytes_rate", "worker_inflight_avg", "page_faults_major_1m",
}  # fmt: skip
DATABASE_ONLY = {
    "db_lock_waits", "db_connections_in_use", "db_query_p99_seconds", "db_connections_max",
}  # fmt: skip
NOT_FOR_EXTERNAL = {
    "cpu_utilisation_ratio", "cpu_throttled_ratio", "memory_working_set_bytes",
    "memory_limit_bytes", "restarts_total", "replicas_ready", "replicas_desired",
    "disk_used_ratio", "gc_pause_seconds_sum", "log_bytes_rate", "queue_depth",
    "disk_io_utilisation_ratio", "worker_inflight_avg", "page_faults_major_1m",
}  # fmt: skip
POOL_METRICS = {"db_connections_in_use", "db_connections_max", "db_pool_wait_seconds"}


def ref_of(world: LabWorld, index: int) -> ResourceRef:
    """Return the reference of a service by its index."""
    spec = world.topology.specs[index]
    return ResourceRef(ResourceKind(spec.kind), spec.name)


def _unit(name: str) -> str:
    for ending, unit in (("_seconds", "seconds"), ("_bytes", "bytes"), ("_ratio", "ratio"),
                         ("_rate", "per_second")):  # fmt: skip
        if name.endswith(ending):
            return unit
    return "count"


def _semantic(name: str) -> Semantic | None:
    return None if name in UNMAPPED else Semantic(name)


def _is_offered(world: LabWorld, index: int, name: str) -> bool:
    kind = world.topology.specs[index].kind
    if name in DATABASE_ONLY:
        return kind == "database"
    if name == "cache_hit_ratio":
        return world.topology.specs[index].name == "cache"
    return not (kind == "external" and name in NOT_FOR_EXTERNAL)


def _rows(world: LabWorld, window: TimeWindow) -> slice:
    return world.history.slice(world.step_of(window.start), world.step_of(window.end))


def has_samples(world: LabWorld, window: TimeWindow) -> bool:
    """Tell whether the world has run within the window."""
    rows = _rows(world, window)
    return bool(rows.stop > rows.start)


def catalogue(world: LabWorld, resources: Sequence[ResourceRef]) -> list[SeriesRef]:
    """Return every series of the resources; edges belong to their caller, except TLS."""
    names = {r.name for r in resources}
    found = []
    for index, spec in enumerate(world.topology.specs):
        if names and spec.name not in names:
            continue
        found += [
            SeriesRef(ref_of(world, index), f"lab_{name}", _semantic(name), unit=_unit(name))
            for name in SERVICE_METRICS
            if _is_offered(world, index, name)
        ]
    for edge, (caller, callee) in enumerate(
        zip(world.topology.callers, world.topology.callees, strict=True)
    ):
        if names and world.topology.specs[caller].name not in names:
            continue
        is_pool = world.topology.specs[callee].kind == "database"
        found += [
            SeriesRef(ref_of(world, int(caller)), f"lab_edge_{name}", Semantic(name),
                      peer=ref_of(world, int(callee)), unit=_unit(name),
                      labels=(("edge", str(edge)),))
            for name in EDGE_METRICS
            if is_pool or name not in POOL_METRICS
        ]  # fmt: skip
    return found


def read(
    world: LabWorld, refs: Sequence[SeriesRef], window: TimeWindow, step_seconds: float
) -> list[Series]:
    """Return means over buckets of ``step_seconds``, of counters the last of each.

    Series without a sample are left out.
    """
    rows = _rows(world, window)
    count = rows.stop - rows.start
    if count <= 0:
        return []
    every = max(1, round(step_seconds / STEP_SECONDS))
    starts = np.arange(0, count, every)
    origin = world.anchor.timestamp() + (world.history.first + rows.start) * STEP_SECONDS
    times = origin + starts * STEP_SECONDS
    sizes = np.diff(np.append(starts, count))
    found = []
    for ref in refs:
        values = _column(world, ref)
        if values is not None:
            part = values[rows].astype(np.float64)
            means = np.add.reduceat(part, starts) / sizes
            is_counter = ref.semantic in COUNTERS
            found.append(Series(ref, times, part[starts + sizes - 1] if is_counter else means))
    return found


def _column(world: LabWorld, ref: SeriesRef) -> np.ndarray | None:
    if ref.name.startswith("lab_edge_") and ref.peer is not None:
        edge = world.topology.edge_index.get((ref.resource.name, ref.peer.name))
        table = world.history.edge_rows.get(ref.name.removeprefix("lab_edge_"))
        return None if edge is None or table is None else table[:, edge]
    index = world.topology.index.get(ref.resource.name)
    table = world.history.service_rows.get(ref.name.removeprefix("lab_"))
    return None if index is None or table is None else table[:, index]
