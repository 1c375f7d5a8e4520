"""Deterministic severity: published rules over facts, never a guess."""

from dataclasses import dataclass

from investigations.enums import Severity

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
    """

    label: str = ""
    affected_count: int = 1
    is_user_facing: bool = False
    semantic: str = ""
    value: float | None = None


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
    if facts.affected_count >= 5 and severity != Severity.SEV1:
        severity = ORDER[ORDER.index(severity) + 1]
        reasons.append(f"{facts.affected_count} resources alert: one level up")
    return severity, reasons
