"""Looking at every series: how strange is strange, and what follows from it."""

import numpy as np
import pytest

from agents.detectors.deviations import MAX_SCORE, deviation
from agents.detectors.trends import find_ramp
from agents.faults.registry import FAULTS
from agents.findings import Cause
from agents.reconciler.decide import rank
from agents.reconciler.scoring import Scored
from telemetry.types import service

pytestmark = pytest.mark.unit
TIMES = np.arange(40.0)


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
