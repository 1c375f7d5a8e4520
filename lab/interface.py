"""Questions to the lab by name, as JSON in and out: one table for the server and in-process use."""

import base64
from collections.abc import Callable
from datetime import datetime

from lab import alerts
from lab.codec import plain, series_refs
from lab.views import cluster, logs, metrics, traces
from lab.world import LabWorld
from telemetry.types import AlertFiring, ResourceKind, ResourceRef, Semantic, Series, TimeWindow

Query = dict[str, object]
Answer = dict[str, object]


def ask(world: LabWorld, question: str, query: Query) -> Answer:
    """Answer one question. ``window`` is two ISO times; ``resources`` a list of keys.

    Raises:
        KeyError: There is no such question.
        ValueError: The query is malformed.
    """
    resources = [ResourceRef.parse(str(r)) for r in _list(query, "resources")]
    start, end = (datetime.fromisoformat(str(t)) for t in _list(query, "window"))
    with world.lock:
        return QUESTIONS[question](world, resources, TimeWindow(start, end), query)


def _list(query: Query, name: str) -> list[object]:
    value = query.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    return value


def _catalogue(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    found = metrics.catalogue(world, resources) if metrics.has_samples(world, window) else []
    return {"data": plain(tuple(found))}


def _series(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    if "refs" in query:
        refs = series_refs(query["refs"])
    else:
        wanted = {Semantic(str(s)) for s in _list(query, "semantics")}
        refs = [r for r in metrics.catalogue(world, resources) if r.semantic in wanted]
    step = float(str(query.get("step_seconds", 10.0)))
    found = metrics.read(world, refs, window, step)
    return {"data": [_packed(series) for series in found]}


def _packed(series: Series) -> Answer:
    return {
        "ref": plain(series.ref),
        "start": float(series.times[0]),
        "step": float(series.times[1] - series.times[0]) if len(series.times) > 1 else 1.0,
        "values": base64.b64encode(series.values.astype("<f8").tobytes()).decode(),
    }


def _lines(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    found, cut = logs.lines(
        world, resources, window,
        min_severity=str(query.get("min_severity", "")),
        limit=int(str(query.get("limit", 2000))),
    )  # fmt: skip
    return {"data": plain(tuple(found)), "truncated_count": cut}


def _edges(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    return {"data": plain(tuple(traces.edges(world, resources, window)))}


def _spans(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    limit, is_sample = int(str(query.get("limit", 500))), bool(query.get("is_sample"))
    found = traces.spans(world, resources, window, limit, is_sample=is_sample)
    return {"data": plain(tuple(found))}


def _state(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    return {"data": plain(cluster.state(world, resources, window))}


def _changes(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    found = tuple(cluster.changes(world, resources, window))
    return {"data": plain(found)}


def _databases(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    found = tuple(cluster.inspect(world, resources, window))
    return {"data": plain(found)}


def _graph(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    return {"data": plain(traces.graph(world))}


def _alerts(
    world: LabWorld, resources: list[ResourceRef], window: TimeWindow, query: Query
) -> Answer:
    firings = alerts.evaluate(world, since_step=world.step_of(window.start))
    found = tuple(
        AlertFiring(
            name=f.rule, resource=ResourceRef(_kind(world, f.service), f.service),
            summary=f.summary, starts_at=world.at(f.start), severity=f.severity,
            semantic=Semantic(f.metric), value=f.value,
        )
        for f in firings
        if window.contains(world.at(f.start))
    )  # fmt: skip
    return {"data": plain(found)}


def _kind(world: LabWorld, name: str) -> ResourceKind:
    return ResourceKind(world.workloads[name].spec.kind)


Handler = Callable[[LabWorld, list[ResourceRef], TimeWindow, Query], Answer]
QUESTIONS: dict[str, Handler] = {
    "catalogue": _catalogue, "series": _series, "lines": _lines, "edges": _edges,
    "spans": _spans, "state": _state, "changes": _changes, "databases": _databases,
    "graph": _graph, "alerts": _alerts,
}  # fmt: skip
