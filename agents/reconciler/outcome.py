"""What a reconciliation concludes, as plain values."""

from dataclasses import dataclass, field

from agents.findings import Cause
from agents.reconciler.likelihood import clamp
from agents.reconciler.posterior import Claim
from agents.reconciler.scoring import Scored


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its probability among all, "something else" included.

    Attributes:
        posterior: Calibrated: how often claims like this were right.
        raw: By the weights alone; the verdict rules judge the margin by it.
    """

    scored: Scored
    posterior: float
    raw: float

    @property
    def cause(self) -> Cause:
        return self.scored.cause


@dataclass(frozen=True, slots=True)
class Rule:
    """One published verdict rule, whether it passed, and by what."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One step from cause to symptom. ``index``: the finding behind it; None: inferred.

    ``confidence``: how clearly that finding stands out of the noise, 0..1; 0 where it is inferred.
    """

    resource: str
    label: str
    onset: str | None
    index: int | None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Treatment:
    """An action of the catalogue that treats the cause."""

    action: str
    resource: str
    reason: str
    change_id: str = ""
    is_relief: bool = False


@dataclass(frozen=True, slots=True)
class BlamedChange:
    """The change that the cause blames, in words, and the index of the finding that dates it."""

    text: str
    index: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict. ``verdict`` is ``likely_cause``, ``no_fault`` or ``inconclusive``.

    ``claim`` is what the leader claimed before the calibration map named by ``map_version``.
    ``rival``: what the leader is not far enough ahead of, where that keeps it from a verdict.
    ``level``: then the leader and all that it is not far enough ahead of.
    """

    verdict: str
    leader: Ranked | None
    ranked: tuple[Ranked, ...]
    confidence: float | None
    summary: str
    happening: str
    rules: tuple[Rule, ...]
    sources_asked: tuple[str, ...]
    sources_answered: tuple[str, ...]
    gaps: tuple[str, ...]
    agreement: tuple[str, ...] = ()
    dissent: tuple[tuple[str, str, int], ...] = ()
    would_change: str = ""
    next_steps: tuple[str, ...] = ()
    causal_chain: tuple[ChainLink, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    cited: tuple[int, ...] = field(default=())
    claim: Claim | None = None
    blamed: BlamedChange | None = None
    map_version: str = ""
    rival: Ranked | None = None
    level: tuple[Ranked, ...] = ()

    def shown(self, ranked: Ranked) -> float:
        """Return the probability that people are shown: calibrated, but where a rival is level.

        The map tells how often leads were right, whatever rivals they had. A lead cannot claim more
        than its odds by the weights against those that are level with it; these have what those
        odds and the others leave them.
        """
        if not self.level:
            return ranked.posterior
        leader, *rivals = self.level
        top = min(leader.posterior, leader.raw / sum(r.raw for r in self.level))
        if ranked.cause == leader.cause:
            return clamp(top)
        causes = {r.cause for r in rivals}
        if ranked.cause not in causes:
            return ranked.posterior
        others = sum(r.posterior for r in self.ranked if r.cause not in causes | {leader.cause})
        share = next(r.raw for r in rivals if r.cause == ranked.cause) / sum(r.raw for r in rivals)
        odds = top * sum(r.raw for r in rivals) / leader.raw
        return clamp(share * min(odds, max(1 - top - others, 0.0)))
