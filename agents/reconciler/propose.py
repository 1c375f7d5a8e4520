"""Candidate causes from what was found."""

from collections.abc import Sequence

from agents.case import Case
from agents.enums import Presence
from agents.faults.model import Blame, FaultModel
from agents.faults.registry import FAULTS
from agents.findings import Cause, Finding
from agents.reconciler.scoring import Scored, score
from telemetry.types import ResourceRef

MAX_CANDIDATES = 12


def propose(
    findings: Sequence[Finding], case: Case, *, limit: int = MAX_CANDIDATES
) -> list[Scored]:
    """Return the candidates that some finding triggers, best first, scored on what is known."""
    causes: dict[tuple[ResourceRef, str], Cause] = {}
    strongest_first = sorted(findings, key=lambda f: -f.strength)
    for model in FAULTS.values():
        for finding in strongest_first:
            if finding.presence is Presence.PRESENT and finding.feature in model.triggers:
                blamed = _blamed(model, finding)
                if model.kinds and blamed.kind not in model.kinds:
                    continue
                change = finding.change_id or nearest_change(findings, blamed)
                known = causes.get((blamed, model.slug))
                if known is None or (change and not known.change_id):
                    causes[blamed, model.slug] = Cause(blamed, model.slug, change)
    scored = [score(cause, findings, case) for cause in causes.values()]
    return sorted(scored, key=lambda s: -s.total)[:limit]


def _blamed(model: FaultModel, finding: Finding) -> ResourceRef:
    if model.blame is Blame.PEER and finding.peer is not None:
        return finding.peer
    return finding.resource


def nearest_change(findings: Sequence[Finding], resource: ResourceRef) -> str:
    """Return the change of the resource closest to the symptom, if one was found."""
    near = [f for f in findings if f.change_id and f.resource == resource
            and f.presence is Presence.PRESENT]  # fmt: skip
    return max(near, key=lambda f: f.strength).change_id if near else ""
