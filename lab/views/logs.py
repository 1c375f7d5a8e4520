"""Log lines that follow from the state: written on demand, the same every time for a seed."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from lab.model import STEP_SECONDS
from lab.views.chance import Dice, mark_of
from lab.views.log_sources import Desk, Source, sources_of
from lab.views.metrics import ref_of
from lab.world import LabWorld
from telemetry.types import LogLine, ResourceRef, TimeWindow

EVERY_STEPS = 3
RANKS = {"": 0, "debug": 0, "info": 0, "warning": 1, "error": 2}


def lines(
    world: LabWorld,
    resources: Sequence[ResourceRef],
    window: TimeWindow,
    *,
    min_severity: str = "",
    limit: int = 2000,
) -> tuple[list[LogLine], int]:
    """Return lines of the resources, oldest first, and how many were cut: thinned evenly."""
    names = {r.name for r in resources}
    first = max(world.step_of(window.start), world.history.first)
    end = min(world.step_of(window.end), world.step)
    steps = np.arange(first + (-first) % EVERY_STEPS, end, EVERY_STEPS, dtype=np.int64)
    sources = [
        source
        for index, spec in enumerate(world.topology.specs)
        if spec.kind != "external" and (not names or spec.name in names)
        for source in sources_of(Desk(world, index, steps))
        if len(source.steps) and RANKS[source.severity] >= RANKS[min_severity]
    ]
    if not sources:
        return [], 0
    at_steps = np.concatenate([s.steps for s in sources])
    owners = np.repeat(np.arange(len(sources)), [len(s.steps) for s in sources])
    order = np.argsort(at_steps, kind="stable")
    cut = max(0, len(order) - limit)
    if cut:
        order = order[np.linspace(0, len(order) - 1, limit).astype(int)]
    made = [_line(world, sources[owners[i]], int(at_steps[i])) for i in order]
    found = [line for line in made if window.contains(line.at)]
    return sorted(found, key=lambda line: line.at), cut


def _line(world: LabWorld, source: Source, step: int) -> LogLine:
    ref = ref_of(world, source.index)
    dice = Dice(mark_of(world.seed, source.index, step, source.number))
    body = source.says(step, dice)
    pods = world.workloads[ref.name].pods_at(step)
    fitting = [p for p in pods if p.revision == source.revision] or list(pods)
    pod = fitting[dice.integer(0, len(fitting))].name if fitting else ""
    at = world.at(step) + timedelta(seconds=dice.unit() * STEP_SECONDS)
    return LogLine(at, ref, source.severity, body, pod=pod)
