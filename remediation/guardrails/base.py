"""What a guardrail says of an action: allow, ask a person, or block, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from remediation.enums import GuardrailVerdict
from remediation.models import Action


@dataclass(frozen=True, slots=True)
class Ruling:
    """One guardrail's verdict. ``warns``: what who approves gives away by it, if anything.

    ``until``: when a limit that blocks ends by itself, if it does.
    """

    guardrail: str
    verdict: GuardrailVerdict
    reason: str
    warns: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What guardrails judge: the action, Postgres time, and where it would run."""

    action: Action
    now: datetime
    environment: str


Guardrail = Callable[[Situation], Ruling]
