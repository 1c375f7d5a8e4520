"""The change that a cause blames, told by the evidence that dates it."""

from collections.abc import Sequence

from agents.findings import Finding
from agents.reconciler.outcome import BlamedChange, Ranked
from telemetry.phrasing import duration

WORDS = {
    "deploy_before_onset": "rollout", "config_before_onset": "setting change",
    "flag_before_onset": "flag change", "schema_before_onset": "schema change",
    "infrastructure_before_onset": "infrastructure change",
}  # fmt: skip
LONGEST = 40


def blamed_change(leader: Ranked, findings: Sequence[Finding]) -> BlamedChange | None:
    """Return the change that a cause blames; None where no dated change supports it."""
    named = leader.cause.change_id
    for stance in leader.scored.stances:
        finding = findings[stance.index]
        if stance.decibans >= 1 and finding.change_id == named and finding.feature in WORDS:
            return BlamedChange(_told(finding), stance.index) if named else None
    return None


def _told(finding: Finding) -> str:
    """Return what changed, and how long before the report: ``rollout “v42”, 3 min before``."""
    summary = " ".join(str(finding.sample.get("summary") or "").split())
    if len(summary) > LONGEST:
        summary = f"{summary[: LONGEST - 1].rstrip()}…"
    what = WORDS[finding.feature] + (f" “{summary}”" if summary else "")
    seconds = finding.magnitude
    if seconds is None:
        return what
    side = "before" if seconds >= 0 else "after"
    return f"{what}, {duration(abs(seconds))} {side}"
