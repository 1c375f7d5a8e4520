"""Edge statistics and sampled traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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

TRACE_EVERY_STEPS = 5
MAX_DEPTH = 4


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
    world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow, limit: int, *,
    is_sample: bool = False,
) -> list[Span]:  # fmt: skip
    """Return whole traces that touch the resources, worst first, or an even choice of them."""
    names = {r.name for r in resources}
    start, end = world.step_of(window.start), min(world.step_of(window.end), world.step)
    traces: list[tuple[float, list[Span]]] = []
    for step in range(max(start, world.history.first), end, TRACE_EVERY_STEPS):
        random = np.random.default_rng([world.seed, 7, step])
        walk = _Walk(world, step, random, random.random(), float(random.lognormal(0.1, 0.45)))
        walk.visit(0, "", world.at(step), depth=0)
        made = walk.made
        if not names or any(span.resource.name in names for span in made):
            badness = max(s.duration_seconds + 10 * s.is_error for s in made)
            traces.append((badness, made))
    if is_sample:
        count = sum(len(made) for _, made in traces)
        traces = traces[:: max(1, -(-count // max(limit, 1)))]
    else:
        traces.sort(key=lambda item: -item[0])
    found: list[Span] = []
    for _, made in traces:
        if len(found) + len(made) > limit:
            break
        found += made
    return found


@dataclass(slots=True)
class _Walk:
    """One request through the graph at a step.

    ``luck`` decides who fails: below a service's error ratio it does. One number for the whole
    trace, so a caller fails in the traces in which its callee does. ``pace`` is shared likewise.
    """

    world: LabWorld
    step: int
    random: np.random.Generator
    luck: float
    pace: float
    made: list[Span] = field(default_factory=list)

    def visit(self, index: int, parent: str, start: datetime, *, depth: int) -> float:
        """Add the span of a service and those below it; return its duration in seconds."""
        world, random = self.world, self.random
        spec = world.topology.specs[index]
        row = self.step - world.history.first
        p50 = float(world.history.service_rows["latency_p50_seconds"][row, index])
        error = float(world.history.service_rows["error_ratio"][row, index])
        duration = p50 * self.pace * float(random.lognormal(0.0, 0.15))
        trace = f"{world.seed:04x}{self.step:012x}"
        span = f"{trace}-{len(self.made)}"
        pods = world.workloads[spec.name].pods_at(self.step)
        draw = random.random()
        pod = pods[int(draw * len(pods))].name if pods and spec.kind != "external" else ""
        self.made.append(
            Span(trace, span, parent, ref_of(world, index), f"handle {spec.name}", start,
                 duration, self.luck < error, pod=pod)
        )  # fmt: skip
        spent = 0.1 * duration
        for edge in world.topology.edges_from(spec.name) if depth <= MAX_DEPTH else ():
            if random.random() < world.topology.fan[edge]:
                at = start + timedelta(seconds=min(spent, 0.9 * duration))
                spent += self.visit(int(world.topology.callees[edge]), span, at, depth=depth + 1)
        return duration


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
