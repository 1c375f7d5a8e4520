"""States and kinds of remediation."""

from django.db.models import TextChoices


class ActionState(TextChoices):
    """Where an action stands. Those after VERIFYING, and the side exits, are final.

    What is VERIFYING or INCONCLUSIVE may be taken back, once, when a person asks for it.
    """

    PROPOSED = "proposed", "waits for approval"
    APPROVED = "approved"
    RUNNING = "running"
    UNKNOWN = "unknown", "unknown: being looked up"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"
    INCONCLUSIVE = "inconclusive", "inconclusive: a person must judge"
    UNDOING = "undoing", "being undone"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    STALE = "stale", "stale: the target changed, nothing ran"
    HALTED = "halted", "halted by the kill switch"


class Risk(TextChoices):
    """Green may run alone once graduated; yellow needs one approver; red two."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Decision(TextChoices):
    """What an approver said."""

    APPROVE = "approve"
    DENY = "deny"


class GuardrailVerdict(TextChoices):
    """Strictest last."""

    ALLOW = "allow"
    ASK = "ask"
    BLOCK = "block"


class VerificationPhase(TextChoices):
    """Three-valued in the end: no data is never success."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class Autonomy(TextChoices):
    """How much an action may do alone for a service."""

    SHADOW = "shadow"
    ASSIST = "assist"
    AUTONOMOUS = "autonomous"
