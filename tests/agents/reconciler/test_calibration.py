"""Probabilities and the calibration map."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reconciler.calibration import (
    INPUTS,
    NONE,
    CalibrationMap,
    from_json,
    rescaled,
    shipped,
)
from agents.reconciler.posterior import Claim, Standing, claim_of, posteriors

pytestmark = pytest.mark.unit
TOTALS = st.lists(st.floats(-40, 60), min_size=1, max_size=12)


@given(TOTALS, st.floats(0.01, 0.99))
def test_a_calibrated_ranking_keeps_its_order_and_adds_up(totals, claimed) -> None:
    standings = [Standing(f"service/{i}", total) for i, total in enumerate(totals)]
    before, calm = posteriors(standings, calm_decibans=-30)
    after, calm_after = rescaled(before, calm, claimed)
    for i, j in itertools.permutations(range(len(before)), 2):
        if before[i] < before[j]:
            assert after[i] <= after[j] + 1e-9
    assert sum(after) + calm_after <= 1 + 1e-9
    assert all(0 <= p <= 1 for p in after)


def test_a_cause_without_a_mechanism_takes_nothing_from_a_better_account() -> None:
    named = Standing("service/a", 12.0)
    vague = Standing("service/a", 11.0, is_catch_all=True)
    alone, _ = posteriors([named], calm_decibans=-30)
    both, _ = posteriors([named, vague], calm_decibans=-30)
    assert both == [alone[0], 0.0]
    elsewhere = Standing("service/b", 11.0, is_catch_all=True)
    three, _ = posteriors([named, vague, elsewhere], calm_decibans=-30)
    assert three[2] > 0.2


def test_the_lead_is_measured_to_another_resource() -> None:
    standings = [Standing("service/a", 20.0, kinds=2), Standing("service/a", 19.0),
                 Standing("service/b", 10.0)]  # fmt: skip
    found, _ = posteriors(standings, calm_decibans=-30)
    claim = claim_of(standings, found)
    assert claim is not None
    assert claim.lead == pytest.approx(10.0)
    assert claim.kinds == 2
    assert claim_of([], []) is None


def test_without_graded_cases_a_map_changes_nothing() -> None:
    assert NONE.apply(Claim(0.37, 5.0, is_catch_all=False, kinds=1)) == 0.37


def test_a_map_answers_within_bounds_whatever_is_claimed() -> None:
    steep = CalibrationMap("t", 50, (0.0, 9.0, 0.0))
    assert steep.apply(Claim(1.0, 30.0, is_catch_all=False, kinds=3)) == 0.99
    assert steep.apply(Claim(0.0, 0.0, is_catch_all=False, kinds=0)) == 0.01


def test_one_witness_is_never_called_sure() -> None:
    steep = CalibrationMap("t", 50, (3.0, 2.0, 2.0))
    assert steep.apply(Claim(0.9, 20.0, is_catch_all=False, kinds=1, answered=1)) < 0.9
    assert steep.apply(Claim(0.9, 20.0, is_catch_all=False, kinds=2, answered=4)) > 0.9


def test_what_the_weights_do_not_make_likelier_than_not_is_never_called_sure() -> None:
    steep = CalibrationMap("t", 50, (4.0, 1.0, 0.0))
    assert steep.apply(Claim(0.49, 20.0, is_catch_all=True, kinds=2, answered=5)) < 0.9
    assert steep.apply(Claim(0.51, 20.0, is_catch_all=True, kinds=2, answered=5)) > 0.9


def test_the_shipped_map_can_be_read_and_never_rewards_a_weaker_claim() -> None:
    found = shipped()
    assert len(found.coefficients) == len(INPUTS)
    weak = Claim(0.2, 1.0, is_catch_all=False, kinds=2)
    strong = Claim(0.9, 12.0, is_catch_all=False, kinds=2)
    assert found.apply(weak) <= found.apply(strong)


def test_a_map_of_an_earlier_version_is_read_as_what_it_said() -> None:
    old = from_json({"version": "x", "cases": 30, "coefficients": {"constant": 1.0, "logit": 0.5}})
    alone = Claim(0.4, 5.0, is_catch_all=False, kinds=1, answered=1)
    among = Claim(0.4, 5.0, is_catch_all=False, kinds=1, answered=5)
    assert old.apply(alone) == old.apply(among)


def test_a_map_with_other_inputs_is_refused() -> None:
    with pytest.raises(ValueError, match="a coefficient each of constant"):
        from_json({"version": "x", "cases": 3, "coefficients": {"slope": 1.0}})
