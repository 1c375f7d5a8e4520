"""What fits a hypothesis, against its rival that leads: many pieces fit both, and tell nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from investigations.models import Diagnosis, Hypothesis
from investigations.phrases import shared_with
from investigations.queries.deciding import LEAST

# By so many pieces it is named why another hypothesis is ahead.
NAMED = 3
Weights = Mapping[int, Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class Rivalry:
    """What fits one hypothesis and what does not, in numbers of evidence.

    ``leader`` is the number of the rival it stands against, None for the leader itself and where
    none leads; ``shared``: how many pieces fit that rival as well; ``ahead``: those by which the
    rival is ahead, weightiest first.
    """

    fits: int
    against: int
    leader: int | None = None
    shared: int = 0
    ahead: tuple[int, ...] = ()

    @property
    def told(self) -> str:
        """The counts in words that say what they mean."""
        if self.leader is None or not self.fits:
            return f"{self.fits} for · {self.against} against"
        if self.fits == 1:
            fit = f"1 fits it, {'and' if self.shared else 'not'} H{self.leader}{' too' if self.shared else ''}"
        else:
            both = "all of them" if self.shared >= self.fits else f"{self.shared or 'none'} of them"
            fit = f"{self.fits} fit it, {both} H{self.leader}{' too' if self.shared else ''}"
        return f"{fit} · {self.against} against"


def leading_number(diagnosis: Diagnosis | None) -> int | None:
    """Return the number of the hypothesis that leads by the newest verdict, if one does."""
    return diagnosis.hypothesis.number if diagnosis and diagnosis.hypothesis else None


def rivalry_of(row: Hypothesis, weights: Weights, leader: int | None) -> Rivalry:
    """Return how a hypothesis stands against the leader.

    Args:
        row: The hypothesis, with the counts that were recorded when it was weighed.
        weights: By number of hypothesis: decibans by number of evidence.
        leader: The number of the hypothesis that leads, if one does.
    """
    plain = Rivalry(row.supports_count, row.refutes_count)
    if leader in {None, row.number} or row.posterior is None or shared_with(row.note):
        return plain
    own, others = weights.get(row.number, {}), weights.get(leader or 0, {})
    fits = [n for n, weight in own.items() if weight >= LEAST]
    gains = {n: w - own.get(n, 0.0) for n, w in others.items()}
    gains |= {n: -w for n, w in own.items() if n not in others}
    ahead = sorted((n for n, gain in gains.items() if gain >= LEAST), key=lambda n: (-gains[n], n))
    shared = sum(others.get(n, 0.0) >= LEAST for n in fits)
    return Rivalry(row.supports_count, row.refutes_count, leader, shared, tuple(ahead[:NAMED]))
