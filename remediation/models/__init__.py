"""Actions and everything that decides about them."""

from remediation.models.action import Action, Approval
from remediation.models.execution import ActionOutcome, Execution, VerificationRun
from remediation.models.policy import AutonomyRecord, ChangeFreeze, KillSwitch

__all__ = [
    "Action",
    "ActionOutcome",
    "Approval",
    "AutonomyRecord",
    "ChangeFreeze",
    "Execution",
    "KillSwitch",
    "VerificationRun",
]
