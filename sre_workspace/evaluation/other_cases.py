"""Recordings as another incident of the same kind would have been: weaker, shorter, in other company.

None of it touches what the fault did where: a blamed resource stays the right one.
"""

import random
from dataclasses import replace
from datetime import datetime

import numpy as np

from telemetry.adapters.recorded import Recording
from telemetry.types import (
    EdgeStats,
    FloatArray,
    ResourceRef,
    Series,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)

SHORT_SHARE, PAST_SHARE = 0.6, 1 / 3
AFTER_ALERT_SHARE = 0.4
QUIET_SIGMAS = 4.0
QUIET_KEPT = 1 / 3
IQR_TO_SIGMA = 1.349
UNREST, SPIKE_SHARE, SPIKE = 0.4, 0.03, 5.0
NEIGHBOUR = "neighbour"


def blended(recording: Recording, strength: float) -> Recording:
    """Move every sample of the window to ``strength`` times its distance from the usual median."""
    began = recording.window.start.timestamp()
    data = recording.data

    def change(one: Series) -> Series:
        limit = 1.0 if one.ref.unit == "ratio" else np.inf
        return replace(one, values=_blend(one.times, one.values, began, strength, limit))

    edges = None if data.edges is None else _blended_edges(data.edges, began, strength)
    series, pods = ([change(s) for s in found] if found is not None else None
                    for found in (data.series, data.pod_series))  # fmt: skip
    return replace(recording, data=replace(data, series=series, pod_series=pods, edges=edges))


def _blend(
    times: FloatArray, values: FloatArray, began: float, strength: float, limit: float
) -> FloatArray:
    before = values[(times < began) & ~np.isnan(values)]
    if not len(before):
        return values
    usual = float(np.median(before))
    found = usual + strength * (values - usual)
    known = values[~np.isnan(values)]
    low, high = min(0.0, float(known.min())), max(limit, float(known.max()))
    return np.where(times < began, values, np.clip(found, low, high))


def _blended_edges(
    edges: list[tuple[datetime, EdgeStats]], began: float, strength: float
) -> list[tuple[datetime, EdgeStats]]:
    rows: dict[tuple[ResourceRef, ResourceRef], list[int]] = {}
    for index, (_, edge) in enumerate(edges):
        rows.setdefault((edge.caller, edge.callee), []).append(index)
    found = list(edges)
    for own in rows.values():
        times = np.array([edges[i][0].timestamp() for i in own])
        columns = {
            name: _blend(times, np.array([getattr(edges[i][1], name) for i in own], dtype=float),
                         began, strength, 1.0 if name == "error_ratio" else np.inf)
            for name in ("error_ratio", "latency_p50_seconds", "latency_p99_seconds")
        }  # fmt: skip
        for row, index in enumerate(own):
            at, edge = edges[index]
            found[index] = at, replace(
                edge, error_ratio=float(columns["error_ratio"][row]),
                latency_p50_seconds=float(columns["latency_p50_seconds"][row]),
                latency_p99_seconds=float(columns["latency_p99_seconds"][row]),
            )  # fmt: skip
    return found


def shortened(recording: Recording) -> Recording:
    """Look sooner: the window ends before all has happened. A cluster's snapshot has its time."""
    if recording.data.cluster is not None:
        return recording
    window, alert = recording.window, recording.alert.starts_at
    end = max(
        window.start + SHORT_SHARE * window.duration,
        alert + AFTER_ALERT_SHARE * (window.end - alert),
    )
    return replace(recording, window=TimeWindow(window.start, end))


def forgetful(recording: Recording) -> Recording:
    """Know less of what is usual: the last third of the baseline."""
    baseline = recording.baseline
    start = baseline.end - PAST_SHARE * baseline.duration
    return replace(recording, baseline=TimeWindow(start, baseline.end))


def with_neighbour(recording: Recording, draw: random.Random) -> Recording:
    """Add a service that is called too and is restless at all times: no part of the trouble."""
    data = recording.data
    if not data.series:
        return recording
    numbers = np.random.default_rng(draw.getrandbits(32))
    noisy = service(NEIGHBOUR)
    models = {s.ref.name: s for s in draw.sample(data.series, len(data.series))}
    added = [
        Series(replace(s.ref, resource=noisy, peer=None), s.times, _restless(s, numbers))
        for _, s in sorted(models.items())
    ]
    graph = data.graph
    if graph is not None and graph.edges:
        graph = TopologyGraph(
            (*graph.resources, noisy),
            (*graph.edges, TopologyEdge(recording.alert.resource, noisy, "declared")),
            graph.runs_on,
        )
    return replace(recording, data=replace(data, series=[*data.series, *added], graph=graph))


def _restless(one: Series, numbers: np.random.Generator) -> FloatArray:
    known = one.values[~np.isnan(one.values)]
    level = float(np.median(known)) if len(known) else 1.0
    values = level * np.exp(numbers.normal(0, UNREST, len(one.times)))
    values = np.where(numbers.random(len(values)) < SPIKE_SHARE, SPIKE * values, values)
    return np.minimum(values, 1.0) if one.ref.unit == "ratio" else values


def pruned(recording: Recording, draw: random.Random) -> Recording:
    """Lose two thirds of the services whose series the trouble does not reach, calls led past them."""
    data, alert = recording.data, recording.alert.resource
    if not data.series or data.spans or data.cluster:
        return recording
    moved: dict[ResourceRef, float] = {}
    began = recording.window.start.timestamp()
    for one in data.series:
        moved[one.ref.resource] = max(moved.get(one.ref.resource, 0.0), _distance(one, began))
    quiet = sorted(r for r, far in moved.items() if far < QUIET_SIGMAS and r != alert)
    gone = set(draw.sample(quiet, round((1 - QUIET_KEPT) * len(quiet))))
    graph = None if data.graph is None else _led_past(data.graph, gone)
    series = [s for s in data.series if not {s.ref.resource, s.ref.peer} & gone]
    pods = None if data.pod_series is None else [
        s for s in data.pod_series if s.ref.resource not in gone
    ]  # fmt: skip
    logs = None if data.logs is None else [x for x in data.logs if x.resource not in gone]
    edges = None if data.edges is None else [
        e for e in data.edges if not {e[1].caller, e[1].callee} & gone
    ]  # fmt: skip
    return replace(recording, data=replace(
        data, series=series, pod_series=pods, logs=logs, edges=edges, graph=graph
    ))  # fmt: skip


def _distance(one: Series, began: float) -> float:
    """Return how far a series' farthest sample of the window lies out, in sigmas of before."""
    known = ~np.isnan(one.values)
    before, after = (
        one.values[known & (one.times < began)],
        one.values[known & (one.times >= began)],
    )
    if len(before) < 4 or not len(after):
        return QUIET_SIGMAS if len(after) else 0.0
    low, center, high = np.percentile(before, [25, 50, 75])
    sigma = max((high - low) / IQR_TO_SIGMA, 0.02 * abs(center), 1e-9)
    return float(np.max(np.abs(after - center)) / sigma)


def _led_past(graph: TopologyGraph, gone: set[ResourceRef]) -> TopologyGraph:
    edges = set(graph.edges)
    for resource in sorted(gone):
        callers = {e.caller for e in edges if e.callee == resource}
        callees = {e.callee for e in edges if e.caller == resource}
        edges = {e for e in edges if resource not in {e.caller, e.callee}}
        edges |= {TopologyEdge(a, b, "declared") for a in callers for b in callees if a != b}
    kept = tuple(r for r in graph.resources if r not in gone)
    places = tuple((r, node) for r, node in graph.runs_on if r not in gone)
    order = sorted(edges, key=lambda e: (e.caller, e.callee, e.source))
    return TopologyGraph(kept, tuple(order), places)
