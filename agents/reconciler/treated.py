"""What an action did, or did not do, says of the causes that it treats: modestly, either way."""

from agents.faults.registry import FAULTS
from agents.findings import Cause, Finding

HELPED, NO_HELP = "treatment_helped", "treatment_no_help"
# A treatment of the right cause helps four times in five; of a wrong one once in five, as a restart or
# an earlier release also helps against what nobody thought of. So 4 : 1, in decibans, either way.
DECIBANS = 6.0
RULES = {
    HELPED: "its treatment was done, and what was wrong is over since",
    NO_HELP: "its treatment was done, and what was wrong went on",
}


def weight_of_treatment(cause: Cause, finding: Finding) -> float:
    """Return what came of an action says of a cause, in decibans; 0 where it does not treat it.

    It treats what the fault model names it for, at the resource that it changed; and the cause
    that it was planned for, which may blame another one (locks: whoever holds them is changed).
    """
    if finding.feature not in RULES:
        return 0.0
    action, planned_for = finding.sample.get("action"), finding.sample.get("cause")
    if action not in {t.action for t in FAULTS[cause.fault_class].treatments}:
        return 0.0
    is_planned = planned_for == [str(cause.resource), cause.fault_class]
    if cause.resource != finding.resource and not is_planned:
        return 0.0
    return DECIBANS if finding.feature == HELPED else -DECIBANS
