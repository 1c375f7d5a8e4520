"""All guardrails, the strictest verdict wins; one that fails is a block."""

from collections.abc import Sequence

from django.db import DatabaseError

from remediation.enums import GuardrailVerdict
from remediation.guardrails.base import Guardrail, Ruling, Situation
from remediation.guardrails.rules import GUARDRAILS

PASSING = {"cooldown", "changes in the last hour"}
ORDER = [GuardrailVerdict.ALLOW, GuardrailVerdict.ASK, GuardrailVerdict.BLOCK]


def evaluate(situation: Situation, guardrails: Sequence[Guardrail] = GUARDRAILS) -> list[Ruling]:
    """Return every guardrail's ruling, in order."""
    rulings = []
    for guardrail in guardrails:
        try:
            rulings.append(guardrail(situation))
        except (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            reason = f"It could not be judged ({type(error).__name__})."
            rulings.append(Ruling(guardrail.__name__, GuardrailVerdict.BLOCK, reason))
    return rulings


def strictest(rulings: Sequence[Ruling]) -> GuardrailVerdict:
    """Return the strictest verdict; none at all blocks."""
    if not rulings:
        return GuardrailVerdict.BLOCK
    return max((r.verdict for r in rulings), key=ORDER.index)


def blocks(rulings: Sequence[Ruling]) -> list[Ruling]:
    """Return the rulings that block."""
    return [r for r in rulings if r.verdict is GuardrailVerdict.BLOCK]


def passes_by_itself(rulings: Sequence[Ruling]) -> bool:
    """Whether all that blocks is a limit that ends at a time it names: no person has to do anything."""
    names = {r.guardrail for r in blocks(rulings)}
    return bool(names) and names <= PASSING


def blocking_sentence(rulings: Sequence[Ruling]) -> str:
    """Return why it is blocked, in the words of whatever blocks it; empty if nothing does.

    What ends by no clock comes first, then what ends last: a line that is cut says the time that counts.
    """
    lasting = [r for r in blocks(rulings) if r.until is None]
    passing = sorted(
        (r for r in blocks(rulings) if r.until), key=lambda r: str(r.until), reverse=True
    )
    return " ".join(r.reason for r in (*lasting, *passing))
