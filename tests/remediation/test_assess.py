"""The truth table of verification: no data is never success."""

import math

import pytest

from remediation.enums import VerificationPhase as P
from remediation.verification.assess import assess, band_of, combine

pytestmark = pytest.mark.unit
NAN = math.nan
BAND = band_of([0.10, 0.11, 0.09, 0.10, 0.12, 0.10, 0.09, 0.11, 0.10, 0.10], floor=0.02)


@pytest.mark.capability(76)
@pytest.mark.parametrize(
    ("samples", "is_late", "phase"),
    [
        ([0.1] * 10, False, P.PASSED),
        ([1.0] * 20 + [0.1] * 10, False, P.PASSED),
        ([0.1] * 9, False, P.RUNNING),
        ([0.1] * 9, True, P.INCONCLUSIVE),
        ([], False, P.RUNNING),
        ([], True, P.INCONCLUSIVE),
        ([1.0] * 10, False, P.RUNNING),
        ([1.0] * 10, True, P.FAILED),
        ([0.1, 1.0] * 5, True, P.INCONCLUSIVE),
        ([0.1] * 9 + [NAN], False, P.RUNNING),
        ([0.1] * 9 + [NAN], True, P.INCONCLUSIVE),
        ([NAN] * 10, True, P.INCONCLUSIVE),
    ],
)
def test_truth_table(samples, is_late, phase) -> None:
    assert assess(BAND, samples, needed=10, is_late=is_late) == phase


def test_without_a_baseline_nothing_is_said() -> None:
    assert band_of([0.1] * 9, floor=0.02) is None
    assert assess(None, [0.1] * 10, needed=10, is_late=True) == P.INCONCLUSIVE


@pytest.mark.parametrize(
    ("phases", "worst"),
    [([], P.INCONCLUSIVE), ([P.PASSED, P.FAILED], P.FAILED), ([P.PASSED, P.PASSED], P.PASSED),
     ([P.PASSED, P.RUNNING], P.RUNNING), ([P.RUNNING, P.INCONCLUSIVE], P.INCONCLUSIVE)],
)  # fmt: skip
def test_the_worst_counts(phases, worst) -> None:
    assert combine(phases) == worst
