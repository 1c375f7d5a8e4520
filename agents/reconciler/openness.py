"""Whether an answer that is still out could put another cause first."""

from collections.abc import Sequence

from agents.case import Case
from agents.enums import Presence
from agents.faults.registry import FAULTS
from agents.findings import Finding
from agents.reconciler.scoring import Locator, Scored


def is_awaited(finding: Finding) -> bool:
    """Whether a question has a source that answers, and only time or traffic is missing."""
    return finding.presence is Presence.UNKNOWN and not finding.feature.startswith("gap_")


def may_be_overtaken(
    candidates: Sequence[Scored], found: Sequence[float], findings: Sequence[Finding], case: Case
) -> bool:
    """Whether a rival elsewhere would lead if what could not be told of it turned out as it predicts.

    Args:
        candidates: Scored causes.
        found: Their probabilities by the weights alone, in the same order.
        findings: Everything found; what could not be told has the presence UNKNOWN.
        case: The case, for its topology.
    """
    untold = [f for f in findings if f.presence is Presence.UNKNOWN]
    if not candidates or not untold:
        return False
    leader = candidates[max(range(len(candidates)), key=lambda i: found[i])]
    # What names no mechanism leads where none was found; nobody looked for a change then.
    is_nameless = FAULTS[leader.cause.fault_class].is_catch_all
    if is_nameless and any(f.feature == "gap_changes" for f in untold):
        return True
    return any(
        rival.cause.resource != leader.cause.resource
        and rival.total + _hoped_for(rival, untold, case) >= leader.total
        for rival in candidates
    )


def _hoped_for(rival: Scored, untold: Sequence[Finding], case: Case) -> float:
    """Return the decibans that open answers would add to a cause at the most."""
    locator = Locator(case, rival.cause.resource)
    return sum(
        max((p.present for p in FAULTS[rival.cause.fault_class].predictions
             if p.feature == finding.feature and locator.is_at(p.where, finding)), default=0.0)
        for finding in untold
        if not (rival.cause.change_id and finding.change_id not in {"", rival.cause.change_id})
    )  # fmt: skip
