"""Deterministic severity: published rules over facts, never a guess."""

import re
from dataclasses import dataclass

from investigations.enums import Severity
from investigations.models import Tier

# "data loss", "DataLoss", "data_corruption", "lost data"...
DATA_LOSS = re.compile(r"data[\s_-]?(loss|lost|corrupt)|(lost|losing|corrupt(ed)?)[\s_-]data", re.I)
ORDER = [Severity.SEV4, Severity.SEV3, Severity.SEV2, Severity.SEV1]


@dataclass(frozen=True, slots=True)
class SeverityFacts:
    """What severity is decided from.

    Attributes:
        label: The source's own severity label, lower case.
        affected_count: Resources with a firing alert in the incident.
        is_user_facing: Nothing in the topology calls the symptom's resource, or it is an edge.
        semantic: Meaning of the triggering series.
        value: Its value when the alert fired, in the unit of the semantic.
        tier: How much the resource matters, as people said (a value of ``Tier``). Empty: nobody
            said, and then it is never taken for unimportant.
        is_data_lost: The alert says that data is lost or corrupted.
    """

    label: str = ""
    affected_count: int = 1
    is_user_facing: bool = False
    semantic: str = ""
    value: float | None = None
    tier: str = ""
    is_data_lost: bool = False


def tells_of_data_loss(*texts: str) -> bool:
    """Whether a name or a sentence says that data is lost or corrupted."""
    return any(DATA_LOSS.search(text) for text in texts)


def compute_severity(facts: SeverityFacts) -> tuple[Severity, list[str]]:
    """Return the severity and the reasons for it, in the order they were applied."""
    labels = {
        "critical": Severity.SEV2,
        "page": Severity.SEV2,
        "error": Severity.SEV2,
        "warning": Severity.SEV3,
        "info": Severity.SEV4,
    }
    severity = labels.get(facts.label, Severity.SEV3)
    reasons = [f"label {facts.label or 'none'}: {severity.label}"]
    is_failing = facts.semantic == "error_ratio" and (facts.value or 0.0) >= 0.25
    if is_failing and facts.is_user_facing:
        severity = Severity.SEV1
        reasons.append("a quarter of users' requests fail: SEV1")
    elif facts.is_user_facing and severity == Severity.SEV3:
        severity = Severity.SEV2
        reasons.append("users reach this resource directly: one level up")
    if facts.tier == Tier.CRITICAL and severity in {Severity.SEV3, Severity.SEV4}:
        severity = Severity.SEV2
        reasons.append("a critical service: at least SEV2")
    elif facts.tier == Tier.SUPPORTING and severity == Severity.SEV2:
        severity = Severity.SEV3
        reasons.append("a supporting service: one level down")
    if facts.affected_count >= 5 and severity != Severity.SEV1:
        severity = ORDER[ORDER.index(severity) + 1]
        reasons.append(f"{facts.affected_count} resources alert: one level up")
    if facts.is_data_lost and severity != Severity.SEV1:
        severity = Severity.SEV1
        reasons.append("data is lost: SEV1, whatever else")
    return severity, reasons
