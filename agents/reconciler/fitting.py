"""Fitting the calibration map, and how honest claims are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from agents.reconciler.calibration import CalibrationMap, inputs_of
from agents.reconciler.posterior import Claim
from telemetry.types import FloatArray

RIDGE = 4.0
"""How hard a map holds on to the one that it starts from."""


def fit_map(
    claims: Sequence[tuple[Claim, float]], *, version: str, start: CalibrationMap,
    weights: Sequence[float] | None = None, hold: float = RIDGE,
) -> CalibrationMap:  # fmt: skip
    """Return the logistic map that fits graded claims, held to ``start`` where they are few.

    Newton's method on a penalised likelihood; deterministic.

    Args:
        claims: What was claimed, and how far it was right, 0..1.
        version: Name of the fit.
        start: What the map is held to.
        weights: How much each claim counts; None: alike.
        hold: How hard the map holds on to ``start``.
    """
    if not claims:
        return start
    x = np.array([inputs_of(claim) for claim, _ in claims])
    y = np.array([worth for _, worth in claims])
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    origin = np.array(start.coefficients)
    theta = origin.copy()
    loss = partial(_loss, x, y, w, origin, hold)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ theta, -30, 30)))
        slope = x.T @ (w * (p - y)) + hold * (theta - origin)
        curve = (x * (w * p * (1 - p))[:, None]).T @ x + hold * np.eye(len(theta))
        step = np.linalg.solve(curve, slope)
        # A whole step may overshoot where all claims are alike: it is halved until it helps.
        while loss(theta - step) > loss(theta):
            step = step / 2
            if np.abs(step).max() < 1e-9:
                break
        theta = theta - step
        if np.abs(step).max() < 1e-6:
            break
    return CalibrationMap(version, len(y), tuple(round(float(t), 4) for t in theta))


def _loss(
    x: FloatArray, y: FloatArray, w: FloatArray, origin: FloatArray, hold: float,
    theta: FloatArray,
) -> float:  # fmt: skip
    """Return the penalised loss: minus the log-likelihood, and the distance to the start."""
    score = np.clip(x @ theta, -30, 30)
    away = float(((theta - origin) ** 2).sum())
    return float((w * (np.log1p(np.exp(score)) - y * score)).sum()) + hold / 2 * away


@dataclass(frozen=True, slots=True)
class Sureness:
    """How honest claims are: Brier score, expected calibration error, sure (0.9) and wrong."""

    count: int
    brier: float
    ece: float
    sure_and_wrong: float


def sureness(pairs: Sequence[tuple[float, float]]) -> Sureness:
    """Return the figures of claimed probabilities and whether they were right."""
    count = len(pairs)
    if not count:
        return Sureness(0, 0.0, 0.0, 0.0)
    bins: dict[int, list[tuple[float, float]]] = {}
    for claimed, is_right in pairs:
        bins.setdefault(min(9, int(claimed * 10)), []).append((claimed, is_right))
    gap = sum(abs(sum(c - r for c, r in found)) for found in bins.values())
    return Sureness(
        count, sum((c - r) ** 2 for c, r in pairs) / count, gap / count,
        sum(c >= 0.9 and r < 0.5 for c, r in pairs) / count,
    )  # fmt: skip
