"""Actions and everything that decides about them."""

from remediation.models.action import Action, Approval
from remediation.models.execution import (
    ActionFeedback,
    ActionOutcome,
    Execution,
    FeedbackValue,
    VerificationRun,
)
from remediation.models.policy import AutonomyRecord, ChangeFreeze, KillSwitch
from remediation.models.rules import PolicyRule, RuleEffect

__all__ = [
    "Action",
    "ActionFeedback",
    "ActionOutcome",
    "Approval",
    "AutonomyRecord",
    "ChangeFreeze",
    "Execution",
    "FeedbackValue",
    "KillSwitch",
    "PolicyRule",
    "RuleEffect",
    "VerificationRun",
]
