"""Candidate causes from what was found."""

from collections.abc import Sequence

from agents.case import Case
from agents.enums import Presence
from agents.faults.model import Blame, FaultModel
from agents.faults.registry import FAULTS
from agents.findings import Cause, Finding
from agents.reconciler.relevance import relevance_of
from agents.reconciler.scoring import Scored, score
from telemetry.types import ResourceRef

MAX_CANDIDATES = 12
FITTING = ("diff_matches", "diff_harms_others")


def propose(
    findings: Sequence[Finding], case: Case, *, limit: int = MAX_CANDIDATES
) -> list[Scored]:
    """Return the candidates that some finding triggers, best first, scored on what is known."""
    causes: dict[tuple[ResourceRef, str], Cause] = {}
    relevance = relevance_of(findings, case)
    strongest_first = sorted(
        (f for f in findings if not relevance.is_earlier(f)), key=lambda f: -f.strength
    )
    for model in FAULTS.values():
        for finding in strongest_first:
            if finding.presence is Presence.PRESENT and finding.feature in model.triggers:
                blamed = _blamed(model, finding)
                if model.kinds and blamed.kind not in model.kinds:
                    continue
                about = finding.feature if finding.change_id else ""
                change = nearest_change(findings, blamed, about)
                known = causes.get((blamed, model.slug))
                if known is None or (change and not known.change_id):
                    causes[blamed, model.slug] = Cause(blamed, model.slug, change)
    scored = [score(cause, findings, case) for cause in causes.values()]
    return sorted(scored, key=lambda s: -s.total)[:limit]


def _blamed(model: FaultModel, finding: Finding) -> ResourceRef:
    if model.blame is Blame.PEER and finding.peer is not None:
        return finding.peer
    return finding.resource


def nearest_change(findings: Sequence[Finding], resource: ResourceRef, feature: str = "") -> str:
    """Return the change of the resource that fits best, then the closest to the symptom.

    ``feature``: only changes that were found as this, a rollout or a flag; empty: any.
    """
    near = [f for f in findings if f.change_id and f.resource == resource
            and f.presence is Presence.PRESENT]  # fmt: skip
    named = {f.change_id for f in near if feature in {"", f.feature}}
    best = max(
        (f for f in near if f.change_id in named),
        key=lambda f: (f.feature in FITTING, f.strength), default=None,
    )  # fmt: skip
    return best.change_id if best else ""
