"""What to look at: the part of the topology that can bear on the symptoms."""

from collections import deque
from dataclasses import dataclass, field

from agents.case import Case, Symptom
from telemetry.ask import GuardedSources
from telemetry.results import ResultStatus
from telemetry.types import ResourceKind, ResourceRef, TimeWindow, TopologyGraph

MAX_RESOURCES = 60
MAX_HOPS = 5
SAMPLES_WANTED, MAX_SAMPLES = 160, 1200
WINDOW_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Scope:
    """The decided scope. ``notes`` are sentences for the board."""

    graph: TopologyGraph
    affected: tuple[ResourceRef, ...]
    step_seconds: float
    notes: tuple[str, ...] = field(default=())


def scope_case(
    sources: GuardedSources,
    symptoms: tuple[Symptom, ...],
    window: TimeWindow,
    baseline: TimeWindow,
) -> Scope:
    """Take the symptoms' dependencies (what they call, transitively), and who calls them.

    Without a topology everything that the sources know is in scope, up to their caps: ``affected``
    then holds the resources of the metric catalogue, or nothing, which asks about everything.
    """
    answer = sources.topology.graph(TimeWindow(baseline.start, window.end))
    step = step_for(TimeWindow(baseline.start, window.end), window)
    graph = answer.data
    if answer.status is ResultStatus.ERROR or not graph.edges:
        known = _from_catalogue(sources, window, symptoms)
        note = f"No topology ({answer.message or 'none known'}): all {len(known)} resources are in scope."
        return Scope(graph, known, step, (note,))
    reached = _walk(graph, symptoms)
    resources = list(reached)[:MAX_RESOURCES]
    cut = len(reached) - len(resources)
    everything = {*graph.resources, *reached}
    note = f"{len(resources)} of {len(everything)} resources can bear on the symptom."
    notes = (note, f"{cut} more were left out.") if cut else (note,)
    return Scope(graph, tuple(resources), step, notes)


def step_for(whole: TimeWindow, window: TimeWindow | None = None) -> float:
    """Return a step that gives about 160 samples, at least 5 s.

    More, up to 1200, where a long baseline would leave the window itself fewer than a dozen.
    """
    seconds = whole.duration.total_seconds()
    step = seconds / SAMPLES_WANTED
    if window is not None:
        fine = window.duration.total_seconds() / WINDOW_SAMPLES
        step = min(step, max(fine, seconds / MAX_SAMPLES))
    return float(max(5, round(step / 5) * 5))


def _walk(graph: TopologyGraph, symptoms: tuple[Symptom, ...]) -> dict[ResourceRef, int]:
    """Breadth first from the symptoms along their dependencies; callers of symptoms come last."""
    reached: dict[ResourceRef, int] = {}
    queue = deque((symptom.resource, 0) for symptom in symptoms)
    while queue:
        resource, hops = queue.popleft()
        if resource in reached or hops > MAX_HOPS:
            continue
        reached[resource] = hops
        queue.extend((callee, hops + 1) for callee in graph.callees(resource))
        if resource.kind is ResourceKind.NAMESPACE:
            queue.extend((inside, hops + 1) for inside in _within(graph))
    for symptom in symptoms:
        for caller in graph.callers(symptom.resource):
            reached.setdefault(caller, 1)
    for resource in list(reached):
        for placed, node in graph.runs_on:
            if placed == resource:
                reached.setdefault(node, 9)
    return reached


def _within(graph: TopologyGraph) -> list[ResourceRef]:
    """Return what a symptom of a whole namespace can come from: everything, its entries first."""
    called = {edge.callee for edge in graph.edges}
    return sorted(graph.resources, key=lambda r: r in called)


def _from_catalogue(
    sources: GuardedSources, window: TimeWindow, symptoms: tuple[Symptom, ...]
) -> tuple[ResourceRef, ...]:
    catalogue = sources.metrics.catalogue((), window)
    found = dict.fromkeys(symptom.resource for symptom in symptoms)
    for ref in catalogue.data:
        found.setdefault(ref.resource)
    wanted = [r for r in found if r.kind is not ResourceKind.POD] or list(found)
    return tuple(wanted[:MAX_RESOURCES]) if len(catalogue.data) else ()


def build_case(
    sources: GuardedSources,
    symptoms: tuple[Symptom, ...],
    window: TimeWindow,
    baseline: TimeWindow,
) -> Case:
    """Scope and return the case, for runs without a board."""
    scope = scope_case(sources, symptoms, window, baseline)
    return Case(
        sources=sources,
        symptoms=symptoms,
        window=window,
        baseline=baseline,
        graph=scope.graph,
        affected=scope.affected,
        step_seconds=scope.step_seconds,
    )
