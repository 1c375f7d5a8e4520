"""The calibration map: from what the weights claim to how often such claims were right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log

from agents.reconciler.likelihood import clamp
from agents.reconciler.posterior import Claim

INPUTS = ("constant", "logit", "alone")
# Two witnesses are asked for before anything is done: one is never called sure. Nor is a lead that
# an answer which is still out could overturn, or that all others together outweigh.
MOST_OF_UNSURE = 0.89
LIKELIER_THAN_NOT = 0.5


@dataclass(frozen=True, slots=True)
class CalibrationMap:
    """A logistic map of the claimed log-odds (Platt 1999), and of what could be asked at all.

    ``alone``: one kind of telemetry answered in the whole case. Weights cannot add up there, so
    that claims stay low; they are right more often than as low a claim where much else was asked
    and did not bear it out. More inputs (the lead over other resources, whether a mechanism is
    known, how many kinds agree) fit the sets better and did worse on a set left out.

    Attributes:
        coefficients: One per entry of ``INPUTS``.
        version: Names the fit; shown with every confidence.
        cases: How many graded cases it was fitted on; 0: it changes nothing.
    """

    version: str
    cases: int
    coefficients: tuple[float, ...]

    def apply(self, claim: Claim) -> float:
        """Return how often claims like this were right, 0.01..0.99.

        Below 0.9 for one witness, while something else may still turn out to be it, and where the
        weights alone do not make it likelier than not.
        """
        if self.cases == 0:
            return clamp(claim.posterior)
        score = sum(c * x for c, x in zip(self.coefficients, inputs_of(claim), strict=True))
        found = clamp(1 / (1 + exp(-max(-30.0, min(30.0, score)))))
        is_settled = claim.kinds >= 2 and not claim.is_open and claim.posterior >= LIKELIER_THAN_NOT
        return found if is_settled else min(found, MOST_OF_UNSURE)


NONE = CalibrationMap("none", 0, (0.0, 1.0, 0.0))


def inputs_of(claim: Claim) -> tuple[float, ...]:
    """Return the map's inputs in the order of ``INPUTS``."""
    posterior = min(0.995, max(0.005, claim.posterior))
    return 1.0, log(posterior / (1 - posterior)), float(claim.answered == 1)


@cache
def shipped() -> CalibrationMap:
    """Return the map that comes with this version, read once."""
    text = files("agents.reconciler").joinpath("calibration.json").read_text(encoding="utf-8")
    return from_json(json.loads(text))


def from_json(found: Mapping[str, object]) -> CalibrationMap:
    """Read a map. Of an earlier version's, inputs that it did not know count nothing.

    Raises:
        ValueError: Its inputs are not those of this version.
    """
    by_input = found.get("coefficients")
    if not isinstance(by_input, dict) or not {"constant", "logit"} <= set(by_input) <= set(INPUTS):
        raise ValueError(f"a calibration map needs a coefficient each of {', '.join(INPUTS)}")
    coefficients = tuple(float(by_input.get(name, 0.0)) for name in INPUTS)
    return CalibrationMap(str(found["version"]), int(str(found["cases"])), coefficients)


def rescaled(found: Sequence[float], calm: float, leader: float) -> tuple[list[float], float]:
    """Return the probabilities with the first set to ``leader`` and the rest in proportion.

    The first stays first: where the others would overtake it, it is kept level with the second.
    """
    first = max(range(len(found)), key=lambda i: found[i])
    rest = 1 - found[first]
    if rest <= 0:
        return list(found), calm
    second = max((p for i, p in enumerate(found) if i != first), default=0.0)
    kept = max(leader, second / (rest + second))
    factor = (1 - kept) / rest
    return [kept if i == first else p * factor for i, p in enumerate(found)], calm * factor
