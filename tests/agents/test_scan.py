"""Looking at every series: how strange is strange, and what follows from it."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.detectors.deviations import MAX_SCORE, deviation
from agents.detectors.trends import find_ramp
from agents.enums import AgentName, Presence
from agents.faults.registry import FAULTS
from agents.findings import Cause, Finding
from agents.reconciler.decide import rank
from agents.reconciler.scoring import Scored
from agents.scoping import build_case, step_for
from agents.specialists.reader import Reader
from agents.specialists.scan_checks import check_series
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import (
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)
from tests.agents.tracing import CART, FRONT, NOW, STOCK

pytestmark = pytest.mark.unit
TIMES = np.arange(40.0)
WINDOW = TimeWindow(NOW - timedelta(minutes=2), NOW + timedelta(minutes=5))
BASELINE = TimeWindow(NOW - timedelta(minutes=20), WINDOW.start)


def shifted(by: float) -> np.ndarray:
    values = 10 + np.tile([0.0, 0.4, -0.4, 0.2], 10)
    values[30:] += by
    return values


def test_a_shift_is_as_strange_as_it_is_large_against_the_noise() -> None:
    small, large = (deviation(TIMES, shifted(by), baseline_end=30).score for by in (0.0, 8.0))
    assert small < 4
    assert large > 15
    assert deviation(TIMES, shifted(8.0), baseline_end=30).onset == 30
    assert deviation(TIMES, shifted(-8.0), baseline_end=30).score > 15


def test_a_spike_that_the_baseline_knows_is_less_strange() -> None:
    usual = shifted(8.0)
    usual[5] = 19.0
    known = deviation(TIMES, usual, baseline_end=30).score
    assert known < deviation(TIMES, shifted(8.0), baseline_end=30).score


def test_a_flat_baseline_is_bounded_and_gaps_are_skipped() -> None:
    flat = np.zeros(40)
    flat[35] = 5.0
    assert deviation(TIMES, flat, baseline_end=30).score == MAX_SCORE
    holed = shifted(8.0)
    holed[32] = np.nan
    assert deviation(TIMES, holed, baseline_end=30).score > 15


@pytest.mark.parametrize("known", [slice(25, 40), slice(0, 30)])
def test_too_little_on_either_side_says_nothing(known) -> None:
    assert deviation(TIMES[known], shifted(8.0)[known], baseline_end=30) is None


def scored(name: str, fault: str, total: float) -> Scored:
    return Scored(Cause(service(name), fault), "", 0.0, total, ())


class _Calm:
    symptoms = ()


def test_a_named_mechanism_of_the_same_resource_takes_the_place_of_the_catch_all() -> None:
    assert FAULTS["own_fault"].is_catch_all
    candidates = [
        scored("a", "own_fault", 9),
        scored("a", "memory_leak", 9),
        scored("b", "own_fault", 5),
    ]
    ranked, _ = rank(candidates, [], _Calm())
    found = [(r.cause.resource.name, r.cause.fault_class) for r in ranked]
    assert found == [("a", "memory_leak"), ("b", "own_fault"), ("a", "own_fault")]
    assert ranked[-1].posterior == 0.01, "it stays on the board, and takes nothing from the other"
    ranked, _ = rank([scored("a", "own_fault", 9), scored("a", "memory_leak", 2)], [], _Calm())
    assert [r.cause.fault_class for r in ranked] == ["own_fault", "memory_leak"]


def test_a_short_climb_after_a_long_calm_is_a_ramp() -> None:
    times = np.arange(190) * 10.0
    rng = np.random.default_rng(1)
    values = 260e6 * (1 + 0.005 * rng.standard_normal(190))
    assert find_ramp(times, values, min_growth=0.3) is None
    values[173:] += np.arange(17) * 14e6
    ramp = find_ramp(times, values, min_growth=0.3)
    assert ramp is not None
    assert 1650 <= ramp.onset <= 1800


def test_the_bucket_that_straddles_the_cut_does_not_widen_the_usual_range() -> None:
    times = np.arange(0.0, 400.0, 5.0)
    values = np.where(times >= 200, 100.0, 1.0) + 0.01 * np.sin(times)
    values[39] = 60.0  # it began in the middle of the last bucket before the cut
    found = deviation(times, values, baseline_end=198.0)
    assert found is not None
    assert found.score == 1000.0


def test_what_fell_and_what_was_so_before_the_trouble_is_not_strange() -> None:
    faster = deviation(TIMES, shifted(-8.0), baseline_end=30, is_harm_above=True)
    assert faster.score < 4
    drifted = shifted(8.0)
    assert deviation(TIMES, drifted, baseline_end=30, calm_until=35).score < 4
    drifted[35:] += 30.0
    assert deviation(TIMES, drifted, baseline_end=30, calm_until=35).score > 4


def test_of_a_service_that_never_fails_one_failure_is_little_and_bouts_are_left_out() -> None:
    errors = np.zeros(400)
    errors[395:] = 0.03
    times = np.arange(400.0)
    bare = deviation(times, errors, baseline_end=390)
    assert bare.score == MAX_SCORE
    assert deviation(times, errors, baseline_end=390, floor=0.0025).score == pytest.approx(12)
    errors[100:104] = 0.5
    assert deviation(times, errors, baseline_end=390, floor=0.0025).score < 1
    known = deviation(times, errors, baseline_end=390, floor=0.0025, reach_share=0.98)
    assert known.score == pytest.approx(12)


def complained(semantic: Semantic) -> dict[str, float]:
    """Return how strange each is where the cart fails and the stock is slow, by the complaint."""
    return {f.resource.name: f.strength for f in scanned(semantic)}


def scanned(semantic: Semantic) -> list[Finding]:
    times = np.arange(BASELINE.start.timestamp(), WINDOW.end.timestamp(), 10.0)
    since = times >= NOW.timestamp()
    wave = 1 + 0.01 * np.sin(times)
    known = [
        Series(SeriesRef(resource, name, meaning), times, np.where(since, after, before * wave))
        for resource, name, meaning, before, after in (
            (CART, "errors", Semantic.ERROR_RATIO, 0.0, 0.04),
            (CART, "latency", Semantic.LATENCY_P99_SECONDS, 0.1, 0.1),
            (STOCK, "errors", Semantic.ERROR_RATIO, 0.0, 0.0),
            (STOCK, "latency", Semantic.LATENCY_P99_SECONDS, 0.1, 9.0),
        )
    ]
    graph = TopologyGraph(
        (FRONT, CART, STOCK), (TopologyEdge(FRONT, CART), TopologyEdge(FRONT, STOCK))
    )
    symptom = Symptom(FRONT, NOW, "front is degraded", semantic)
    sources = guarded(open_memory_sources(MemoryData(series=known, graph=graph)))
    case = build_case(sources, (symptom,), WINDOW, BASELINE)
    found = check_series(Reader(case, AgentName.RESOURCE))
    return [f for f in found if f.presence is Presence.PRESENT]


def test_what_is_strange_is_told_by_what_it_measures_in_its_unit() -> None:
    claims = {f.resource.name: f.claim for f in scanned(Semantic.ERROR_RATIO)}
    assert claims["cart"].startswith("error ratio of cart left its usual range at about ")
    assert claims["stock"].endswith(": up to 9, usually 0.1 (90x).")
    assert not any("sigma" in claim or "scatter" in claim for claim in claims.values())


def test_where_failures_are_complained_of_what_fails_comes_before_what_is_slow() -> None:
    failing = complained(Semantic.ERROR_RATIO)
    assert failing["cart"] == 1.0
    assert failing["stock"] < 0.6
    slow = complained(Semantic.LATENCY_P99_SECONDS)
    assert slow["stock"] == 1.0


def test_a_window_after_a_long_baseline_still_has_samples() -> None:
    window = TimeWindow(NOW, NOW + timedelta(minutes=25))
    assert step_for(TimeWindow(NOW - timedelta(days=2), window.end)) > 1000
    assert step_for(TimeWindow(NOW - timedelta(days=2), window.end), window) <= 150
    assert step_for(TimeWindow(NOW - timedelta(minutes=20), window.end), window) == 15
