"""Recordings as other incidents of their kind: each change is what it says, and spares the cause."""

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from sre_workspace.evaluation.other_cases import (
    NEIGHBOUR,
    blended,
    forgetful,
    pruned,
    shortened,
    with_neighbour,
)
from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded import Recording
from telemetry.types import (
    AlertFiring,
    EdgeStats,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)
from tests.agents.tracing import CART, FRONT, NOW

pytestmark = pytest.mark.unit
BEGAN = NOW - timedelta(minutes=5)
TIMES = np.arange(-60, 20) * 60.0 + BEGAN.timestamp()
CALM = [service(f"calm-{n}") for n in range(6)]


def series(resource, usual: float, now: float, unit: str = "seconds") -> Series:
    noise = 1 + 0.01 * np.sin(np.arange(len(TIMES)))
    ref = SeriesRef(resource, "latency", Semantic.LATENCY_P99_SECONDS, None, unit)
    return Series(ref, TIMES, np.where(BEGAN.timestamp() > TIMES, usual, now) * noise)


@pytest.fixture
def recording() -> Recording:
    """The front calls the cart through something calm; the cart is late."""
    edges = (TopologyEdge(FRONT, CALM[0]), TopologyEdge(CALM[0], CART),
             *(TopologyEdge(FRONT, c) for c in CALM[1:]))  # fmt: skip
    data = MemoryData(
        series=[series(FRONT, 0.2, 1.2), series(CART, 0.1, 1.1),
                *(series(c, 0.1, 0.1) for c in CALM)],
        edges=[(NOW + timedelta(minutes=n), EdgeStats(FRONT, CART, 1.0, 0.1 if n < -5 else 0.5,
                                                      0.1, 0.2)) for n in range(-20, 10)],
        graph=TopologyGraph((FRONT, CART, *CALM), edges),
    )  # fmt: skip
    alert = AlertFiring("Late", FRONT, "late", NOW, "critical", Semantic.LATENCY_P99_SECONDS)
    end = NOW + timedelta(minutes=15)
    return Recording("made", "late", data, alert, TimeWindow(BEGAN, end),
                     TimeWindow(BEGAN - timedelta(hours=1), BEGAN))  # fmt: skip


def after(recording: Recording, resource) -> np.ndarray:
    (one,) = [s for s in recording.data.series or () if s.ref.resource == resource]
    return one.values[one.times >= BEGAN.timestamp()]


@pytest.mark.parametrize(("strength", "level"), [(0.5, 0.6), (1.0, 1.1), (2.0, 2.1)])
def test_strength_moves_the_window_and_leaves_the_past(recording, strength, level) -> None:
    found = blended(recording, strength)
    assert np.median(after(found, CART)) == pytest.approx(level, rel=0.02)
    assert np.array_equal(found.data.series[1].values[:60], recording.data.series[1].values[:60])
    (errors,) = {e.error_ratio for at, e in found.data.edges if at >= BEGAN}
    assert errors == pytest.approx(min(1.0, 0.1 + strength * 0.4))


def test_a_ratio_stays_a_ratio(recording) -> None:
    errors = replace(recording.data, series=[series(CART, 0.1, 0.8, "ratio")])
    found = blended(replace(recording, data=errors), 2.0)
    assert after(found, CART).max() == 1.0


def test_windows_are_cut_at_the_far_end(recording) -> None:
    short, forgot = shortened(recording), forgetful(recording)
    assert short.window.start == recording.window.start
    assert recording.alert.starts_at < short.window.end < recording.window.end
    assert forgot.baseline.end == recording.baseline.end
    assert forgot.baseline.duration == recording.baseline.duration / 3


def test_a_neighbour_is_called_and_no_calmer_before_than_after(recording) -> None:
    found = with_neighbour(recording, random.Random(1))
    noisy = service(NEIGHBOUR)
    assert noisy in found.data.graph.callees(FRONT)
    (one,) = [s for s in found.data.series if s.ref.resource == noisy]
    before = one.values[one.times < BEGAN.timestamp()]
    assert np.std(np.log(before)) > 0.2
    assert np.median(after(found, noisy)) < 1.5 * np.median(before)


def test_what_is_late_is_not_pruned_and_stays_within_reach(recording) -> None:
    found = pruned(recording, random.Random(3))
    kept = {s.ref.resource for s in found.data.series}
    assert {FRONT, CART} <= kept
    assert len(kept) == 4
    graph = found.data.graph
    assert CART in graph.callees(FRONT) or CART in graph.callees(CALM[0])
