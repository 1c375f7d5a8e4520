"""Refusals of remediation, each with the sentence a person should read."""

MAX_REASON = 480
"""Of a decision: with what is written before it, it must fit an action's result."""


class RemediationError(Exception):
    """Something about an action was refused. Nothing ran."""


class GuardrailBlocked(RemediationError):
    """A guardrail refuses."""


class PlanChanged(RemediationError):
    """What would now run is not what was seen."""


class NotYours(RemediationError):
    """This person may not decide on this action."""


class NotAllowed(NotYours):
    """No role of this person allows it."""


class TooLong(RemediationError):
    """A reason is longer than what is kept. Nothing was done."""


class RuleRefused(RemediationError):
    """What somebody wanted to set makes no sense."""


class BundleRefused(RemediationError):
    """A month of the audit log is not signed, or is not believed."""


class IllegalTransition(RemediationError):
    """The action has moved on."""


class NotPlannable(RemediationError):
    """The treatment cannot be turned into an action on the live target."""


class ExecutorError(RemediationError):
    """The executor could not do it. ``is_certain``: it is known that nothing was changed."""

    is_certain = False


class TargetConflict(ExecutorError):
    """The target is not as it was when the plan was made: nothing was changed."""

    is_certain = True


class TargetRefused(ExecutorError):
    """The target's system refused the request: nothing was changed."""

    is_certain = True


def refuse_longer(reason: str, limit: int) -> None:
    """Refuse a person's reason that is longer than what is kept: nothing is cut without a word.

    Raises:
        TooLong: It is.
    """
    if len(reason) > limit:
        raise TooLong(
            f"At most {limit} characters for the reason; yours has {len(reason):,}. Nothing was done."
        )
