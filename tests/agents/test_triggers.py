"""Each bound at its edge: told beyond it, not told at it or a sample too early."""

import numpy as np
import pytest

from agents.scans.triggers import find_triggers
from telemetry.types import Semantic as S
from telemetry.types import Series, SeriesRef, service

pytestmark = pytest.mark.unit
STEP, COUNT = 30.0, 61
CALM = np.tile([0.99, 1.01], 31)[:COUNT]  # sigma 0.0148 by its deviations, floor 0.05


def series(semantic: S, values) -> Series:
    ref = SeriesRef(service("cart"), semantic.value, semantic, unit="")
    return Series(ref, STEP * np.arange(len(values)), np.asarray(values, dtype=float))


def ending(before, level: float, seconds: float) -> np.ndarray:
    """Return values of which the last so many seconds are at a level."""
    values = np.array(before, dtype=float)
    values[len(values) - int(seconds / STEP) - 1 :] = level
    return values


def memory(share: float, seconds: float) -> list[Series]:
    limit = series(S.MEMORY_LIMIT_BYTES, np.full(COUNT, 1000.0))
    return [series(S.MEMORY_WORKING_SET_BYTES, ending(np.full(COUNT, 500.0), share * 1000, seconds)),
            limit]  # fmt: skip


def disk(hours_left: float) -> Series:
    end = 0.9
    slope = (1 - end) / (hours_left * 3600)
    at = STEP * np.arange(COUNT)
    return series(S.DISK_USED_RATIO, end - slope * (at[-1] - at))


CASES = [
    ("memory", memory(0.85, 300), True), ("memory", memory(0.849, 300), False),
    ("memory", memory(0.95, 270), False),
    ("latency", [series(S.LATENCY_P99_SECONDS, ending(CALM, 1.16, 120))], True),
    ("latency", [series(S.LATENCY_P99_SECONDS, ending(CALM, 1.149, 120))], False),
    ("latency", [series(S.LATENCY_P99_SECONDS, ending(CALM, 9.0, 90))], False),
    ("latency", [series(S.LATENCY_P99_SECONDS, ending(CALM[:20], 9.0, 120))], False),
    ("surge", [series(S.REQUEST_RATE, ending(100 * CALM, 200.1, 120))], True),
    ("surge", [series(S.REQUEST_RATE, ending(100 * CALM, 200.0, 120))], False),
    ("surge", [series(S.REQUEST_RATE, ending(100 * CALM, 900.0, 90))], False),
    ("surge", [series(S.ERROR_RATIO, ending(0.01 * CALM, 0.0602, 120))], True),
    ("surge", [series(S.ERROR_RATIO, ending(0.01 * CALM, 0.0599, 120))], False),
    ("disk", [disk(23.9)], True), ("disk", [disk(24.1)], False),
    ("disk", [series(S.DISK_USED_RATIO, np.linspace(0.95, 0.94, COUNT))], False),
    ("certificate", [series(S.CERTIFICATE_EXPIRY_SECONDS, [14 * 86_400.0 - 1])], True),
    ("certificate", [series(S.CERTIFICATE_EXPIRY_SECONDS, [14 * 86_400.0])], False),
    ("certificate", [series(S.CERTIFICATE_EXPIRY_SECONDS, [np.nan])], False),
]  # fmt: skip


@pytest.mark.capability(7)
@pytest.mark.parametrize(("category", "given", "is_told"), CASES)
def test_bounds(category, given, is_told) -> None:
    found = find_triggers(given)
    assert [t.category for t in found] == ([category] if is_told else [])
    assert all(t.title and t.value and t.bound for t in found)
