"""Edge statistics and sampled traces."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from lab.views.metrics import ref_of
from lab.world import LabWorld
from telemetry.types import (
    EdgeStats,
    ResourceRef,
    Span,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)


def edges(world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow) -> list[EdgeStats]:
    """Return each touching edge's rates, weighted by its requests over the window."""
    names = {r.name for r in resources}
    rows = world.history.slice(world.step_of(window.start), world.step_of(window.end))
    if rows.stop <= rows.start:
        return []
    table = world.history.edge_rows
    found = []
    for edge, (caller, callee) in enumerate(
        zip(world.topology.callers, world.topology.callees, strict=True)
    ):
        ends = {world.topology.specs[caller].name, world.topology.specs[callee].name}
        if names and not names & ends:
            continue
        rate = table["request_rate"][rows, edge].astype(float)
        weight = rate / max(rate.sum(), 1e-9)
        found.append(
            EdgeStats(
                ref_of(world, int(caller)), ref_of(world, int(callee)), float(rate.mean()),
                float((table["error_ratio"][rows, edge] * weight).sum()),
                float((table["latency_p50_seconds"][rows, edge] * weight).sum()),
                float((table["latency_p99_seconds"][rows, edge] * weight).sum()),
            )
        )  # fmt: skip
    return found


def spans(
    world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow, limit: int
) -> list[Span]:
    """Return whole sampled traces that touch the resources, worst first."""
    names = {r.name for r in resources}
    start, end = world.step_of(window.start), min(world.step_of(window.end), world.step)
    traces: list[tuple[float, list[Span]]] = []
    for step in range(max(start, world.history.first), end, 5):
        made: list[Span] = []
        random = np.random.default_rng([world.seed, 7, step])
        _walk(world, 0, step, "", random, made, depth=0)
        if not names or any(span.resource.name in names for span in made):
            badness = max(s.duration_seconds + 10 * s.is_error for s in made)
            traces.append((badness, made))
    traces.sort(key=lambda item: -item[0])
    found: list[Span] = []
    for _, made in traces:
        if len(found) + len(made) > limit:
            break
        found += made
    return found


def _walk(
    world: LabWorld,
    index: int,
    step: int,
    parent: str,
    random: np.random.Generator,
    made: list[Span],
    depth: int,
) -> None:
    row = step - world.history.first
    p50 = float(world.history.service_rows["latency_p50_seconds"][row, index])
    error = float(world.history.service_rows["error_ratio"][row, index])
    trace = f"{world.seed:04x}{step:012x}"
    span = f"{trace}-{len(made)}"
    is_error = bool(random.random() < error)
    at = world.at(step) + timedelta(milliseconds=len(made))
    made.append(
        Span(trace, span, parent, ref_of(world, index), f"handle {world.topology.specs[index].name}",
             at, p50 * float(random.lognormal(0.1, 0.45)), is_error)
    )  # fmt: skip
    if depth > 4:
        return
    for edge in world.topology.edges_from(world.topology.specs[index].name):
        if random.random() < world.topology.fan[edge]:
            _walk(world, int(world.topology.callees[edge]), step, span, random, made, depth + 1)


def graph(world: LabWorld) -> TopologyGraph:
    """Return who calls whom and which node each service's pods are on."""
    topology = world.topology
    placed = sorted({(w.spec.name, pod.node) for w in world.workloads.values() for pod in w.pods})
    return TopologyGraph(
        resources=tuple(ref_of(world, i) for i in range(topology.size)),
        edges=tuple(
            TopologyEdge(ref_of(world, int(c)), ref_of(world, int(d)))
            for c, d in zip(topology.callers, topology.callees, strict=True)
        ),
        runs_on=tuple(
            (ref_of(world, topology.index[name]), ResourceRef.parse(f"node/{node}"))
            for name, node in placed
            if topology.specs[topology.index[name]].kind == "service"
        ),
    )
