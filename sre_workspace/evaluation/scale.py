"""What an investigation costs as a system grows: made systems with one broken service."""

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from agents.case import Symptom
from agents.engine import investigate
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.results import QueryResult
from telemetry.types import (
    ChangeEvent,
    ChangeKind,
    LogLine,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
STEP_SECONDS = 15
SAMPLES = 100
FAULT_AT = 70
FAN_OUT = 3
USUAL: dict[Semantic, tuple[float, float, str]] = {
    Semantic.REQUEST_RATE: (100.0, 4.0, "per_second"),
    Semantic.ERROR_RATIO: (0.002, 0.0004, "ratio"),
    Semantic.LATENCY_P99_SECONDS: (0.08, 0.004, "seconds"),
    Semantic.CPU_UTILISATION_RATIO: (0.35, 0.02, "ratio"),
    Semantic.MEMORY_WORKING_SET_BYTES: (3e8, 2e6, "bytes"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one investigation took. ``is_right``: it named the broken service."""

    services: int
    series: int
    in_scope: int
    queries: int
    rows: int
    seconds: float
    is_right: bool


def made_system(count: int, *, seed: int = 1) -> tuple[MemoryData, ResourceRef, ResourceRef]:
    """Return telemetry of a call tree, its entry, and the service that a release broke.

    Errors spread from the broken service to all that call it, down to the entry.
    """
    rng = np.random.default_rng(seed)
    names = [service(f"s{i:04d}") for i in range(count)]
    parents = {i: (i - 1) // FAN_OUT for i in range(1, count)}
    broken = _deep(parents, random.Random(seed))  # noqa: S311  # no secret
    path = [broken]
    while path[-1] in parents:
        path.append(parents[path[-1]])
    times = (NOW.timestamp() + STEP_SECONDS * np.arange(1.0 - SAMPLES, 1.0)).astype(np.float64)
    series = []
    for index, resource in enumerate(names):
        for semantic, (level, noise, unit) in USUAL.items():
            values = rng.normal(level, noise, SAMPLES)
            if semantic is Semantic.ERROR_RATIO and index in path:
                values[FAULT_AT:] += 0.3 / (1 + path.index(index))
            ref = SeriesRef(resource, semantic.value, semantic, unit=unit)
            series.append(Series(ref, times, np.abs(values).astype(np.float64)))
    began = datetime.fromtimestamp(times[FAULT_AT], UTC)
    release = ChangeEvent("release-1", began - timedelta(seconds=40), ChangeKind.DEPLOY,
                          names[broken], "1.4.0 to 1.5.0", "ana")  # fmt: skip
    logs = [
        LogLine(began + timedelta(seconds=3 * i), names[broken], "error",
                f"unhandled ValueError in price request={i:08x}")
        for i in range(60)
    ]  # fmt: skip
    edges = tuple(TopologyEdge(names[p], names[i]) for i, p in parents.items())
    data = MemoryData(name="made", series=series, logs=logs, changes=[release],
                      graph=TopologyGraph(tuple(names), edges))  # fmt: skip
    return data, names[0], names[broken]


def _deep(parents: dict[int, int], rng: random.Random) -> int:
    """Return a service three calls below the entry, or as deep as there is one."""
    depth = {0: 0}
    for index, parent in parents.items():
        depth[index] = depth[parent] + 1
    wanted = min(3, max(depth.values()))
    return rng.choice([i for i, d in depth.items() if d == wanted])


def measure(count: int, *, seed: int = 1) -> Cost:
    """Investigate a made system of so many services, and return what it cost."""
    data, entry, broken = made_system(count, seed=seed)
    queries = rows = 0

    def meter(result: QueryResult[object]) -> None:
        nonlocal queries, rows
        queries += 1
        rows += len(result.data) if isinstance(result.data, tuple) else 1

    began = NOW - timedelta(seconds=STEP_SECONDS * (SAMPLES - 1 - FAULT_AT))
    window = TimeWindow(began - timedelta(minutes=5), NOW + timedelta(seconds=1))
    baseline = TimeWindow(NOW - timedelta(seconds=STEP_SECONDS * SAMPLES), window.start)
    sources = guarded(open_memory_sources(data), deadline_seconds=120, on_query=meter)
    symptom = Symptom(entry, began, "The entry fails requests", Semantic.ERROR_RATIO)
    start = time.perf_counter()
    case = build_case(sources, (symptom,), window, baseline)
    outcome = investigate(case)
    seconds = time.perf_counter() - start
    named = outcome.leader.cause.resource if outcome.leader else None
    return Cost(count, len(data.series or ()), len(case.affected), queries, rows, seconds,
                named == broken)  # fmt: skip


def table_of(sizes: Sequence[int], *, rounds: int) -> Iterator[str]:
    """Return Markdown: each size measured several times with another broken service each time."""
    yield "| services | series | in scope | queries | rows | seconds | right |"
    yield "|---|---|---|---|---|---|---|"
    for size in sizes:
        found = [measure(max(2, size), seed=n) for n in range(rounds)]
        first = found[0]
        seconds = statistics.median(f.seconds for f in found)
        yield (
            f"| {first.services} | {first.series} | {first.in_scope} | {first.queries} "
            f"| {first.rows} | {seconds:.2f} | {sum(f.is_right for f in found)} of {len(found)} |"
        )
