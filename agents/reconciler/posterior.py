"""From candidates' totals to probabilities: among all, with "something else" and "nothing"."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

SOMETHING_ELSE_DECIBANS = 9.0
LARGEST_DECIBANS = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the probability of a candidate depends on.

    Attributes:
        resource: Key of the blamed resource.
        total: Decibans for it, prior and structure included.
        is_catch_all: It names no mechanism; another cause of the same resource that scores as well
            takes its place.
        kinds: How many kinds of telemetry support it.
        refines: Coarser classes that it is the finer account of.
    """

    resource: str
    total: float
    is_catch_all: bool = False
    kinds: int = 0
    fault_class: str = ""
    refines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What the first candidate claims: what calibration reads, and what could explain a miss.

    Attributes:
        posterior: Its probability by the weights alone.
        lead: Decibans ahead of the best candidate at another resource, 0..30.
        answered: How many kinds of telemetry answered in the whole case; 0: not known.
        is_open: An answer that is still out could put another resource first.
    """

    posterior: float
    lead: float
    is_catch_all: bool
    kinds: int
    answered: int = 0
    is_open: bool = False


def posteriors(standings: Sequence[Standing], *, calm_decibans: float) -> tuple[list[float], float]:
    """Return each candidate's probability in order, and that nothing is wrong; not clamped."""
    shadows = _shadows(standings)
    odds = [
        0.0 if index in shadows else 10 ** (min(s.total, LARGEST_DECIBANS) / 10)
        for index, s in enumerate(standings)
    ]
    calm = 10 ** (calm_decibans / 10)
    total = sum(odds) + 10 ** (SOMETHING_ELSE_DECIBANS / 10) + calm
    return [o / total for o in odds], calm / total


def something_else(total: float, found: float) -> float:
    """Return the probability of "something else" beside a candidate of these decibans.

    Args:
        total: Its decibans.
        found: Its probability by them, as :func:`posteriors` returned it.
    """
    return found * 10 ** ((SOMETHING_ELSE_DECIBANS - min(total, LARGEST_DECIBANS)) / 10)


def _shadows(standings: Sequence[Standing]) -> set[int]:
    """Return causes that say less than another of the same resource which scores.

    Either they name no mechanism, and the other scores as well; or the other is the finer account
    of the same, and beats "something else". They stay on the board, but take nothing from the
    probability of the better account.
    """
    refined = {
        (s.resource, coarse)
        for s in standings if s.total > SOMETHING_ELSE_DECIBANS for coarse in s.refines
    }  # fmt: skip
    named: dict[str, float] = {}
    for standing in standings:
        if not standing.is_catch_all:
            best = named.get(standing.resource, float("-inf"))
            named[standing.resource] = max(best, standing.total)
    return {
        index for index, s in enumerate(standings)
        if (s.resource, s.fault_class) in refined
        or (s.is_catch_all and named.get(s.resource, float("-inf")) >= s.total)
    }  # fmt: skip


def claim_of(
    standings: Sequence[Standing],
    found: Sequence[float],
    *,
    answered: int = 0,
    is_open: bool = False,
) -> Claim | None:
    """Return the claim of the likeliest candidate; None without candidates."""
    if not standings:
        return None
    first = max(range(len(standings)), key=lambda i: found[i])
    leader = standings[first]
    others = [found[i] for i, s in enumerate(standings) if s.resource != leader.resource]
    second = max(others, default=0.0)
    lead = 30.0 if second <= 0 else 10 * log10(max(found[first], 1e-9) / second)
    lead = max(0.0, min(30.0, lead))
    return Claim(found[first], lead, leader.is_catch_all, leader.kinds, answered, is_open)
