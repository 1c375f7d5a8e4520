"""What a likely cause has to meet: each rule, and what the leader shows for it."""

from collections.abc import Sequence

from agents.faults.registry import FAULTS
from agents.reconciler.outcome import Ranked, Rule
from agents.reconciler.posterior import something_else
from agents.reconciler.wanting import AHEAD, CHALLENGED, KNOWN, PROBABLE, TWO_KINDS, UNOPPOSED

MIN_POSTERIOR = 0.60
MIN_MARGIN = 0.20
STRONG_DECIBANS = -7.0


def rules_of(ranked: Sequence[Ranked], challenged: dict[int, bool] | None) -> tuple[Rule, ...]:
    """Return each rule of a likely cause with whether the leader meets it, and by what.

    Args:
        ranked: Candidates, best first.
        challenged: Index of a challenged finding -> whether it survived; None: the last rule is left
            out.
    """
    if not ranked:
        return (Rule("A candidate exists", False, "No finding points to a cause."),)
    leader = ranked[0]
    rival = rival_of(ranked)
    is_ahead = leader.raw - (rival.raw if rival else 0.0) >= MIN_MARGIN
    unknown = something_else(leader.scored.total, leader.raw)
    kinds = sorted(leader.scored.kinds)
    against = [s for s in leader.scored.stances if s.decibans <= STRONG_DECIBANS]
    support = {s.index for s in leader.scored.stances if s.decibans >= 1}
    tried = {i: ok for i, ok in (challenged or {}).items() if i in support}
    survived = bool(tried) and all(tried.values())
    rules = (
        Rule(PROBABLE, leader.posterior >= MIN_POSTERIOR,
             f"{leader.posterior:.0%}: so many leads of {leader.raw:.0%} by the weights were right"
             f"{'' if is_ahead else _odds(ranked)}"),
        Rule(AHEAD, is_ahead, f"{leader.raw:.0%} against {_told(rival)}by the weights alone"),
        # The map may lift a weak lead over 60 %; it tells nothing from what nobody has named.
        Rule(KNOWN, leader.raw >= unknown,
             f"{leader.raw:.0%} against {unknown:.0%} by the weights alone"),
        Rule(TWO_KINDS, len(kinds) >= 2, ", ".join(kinds) or "none"),
        Rule(UNOPPOSED, not against,
             "; ".join(s.rule for s in against) or "nothing"),
        Rule(CHALLENGED, survived,
             f"{sum(tried.values())} of {len(tried)} survived" if tried else "not challenged"),
    )  # fmt: skip
    return rules[:-1] if challenged is None else rules


def rival_of(ranked: Sequence[Ranked]) -> Ranked | None:
    """Return the likeliest candidate, by the weights, that cannot hold together with the first."""
    others = [r for r in ranked[1:] if _competes(r, ranked[0])]
    return max(others, key=lambda r: r.raw, default=None)


def level_with(ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Return the first, and all that it is not far enough ahead of and that contradict it."""
    first = ranked[0]
    near = [r for r in ranked[1:] if _competes(r, first) and first.raw - r.raw < MIN_MARGIN]
    return (first, *near)


def _odds(ranked: Sequence[Ranked]) -> str:
    level = level_with(ranked)
    if len(level) == 1:
        return ""
    against = "its rival" if len(level) == 2 else f"the {len(level) - 1} that are level with it"
    odds = level[0].raw / sum(r.raw for r in level)
    return f", whatever rivals they had; by its odds against {against} {odds:.0%} at most"


def _told(rival: Ranked | None) -> str:
    return f"{rival.raw:.0%} for “{rival.scored.claim}”, " if rival else "0% "


def _competes(other: Ranked, leader: Ranked) -> bool:
    """Whether only one of both can hold.

    That a resource is at fault, of unknown kind, goes with each mechanism that it may have.
    """
    is_open = FAULTS[leader.cause.fault_class].is_catch_all
    return not (is_open and other.cause.resource == leader.cause.resource)
