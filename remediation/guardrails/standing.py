"""Guardrails that people set, and how sure the whole is."""

from django.conf import settings

from remediation.enums import GuardrailVerdict
from remediation.guardrails.base import Ruling, Situation
from remediation.queries.phases import rules_about, shadow_of

ALLOW, ASK, BLOCK = GuardrailVerdict.ALLOW, GuardrailVerdict.ASK, GuardrailVerdict.BLOCK


def phase(situation: Situation) -> Ruling:
    """In shadow nothing runs: plans are made and shown."""
    action = situation.action
    record = shadow_of(kind=action.kind, service=action.target)
    if record is None:
        return Ruling("phase", ALLOW, "Not in shadow.")
    return Ruling(
        "phase",
        BLOCK,
        f"In shadow, plans are shown and nothing runs: {record.reason or 'not set'}.",
    )


def policy_rules(situation: Situation) -> Ruling:
    """What the organisation's own rules say, by the id of the rule."""
    action = situation.action
    rules = rules_about(kind=action.kind, target=action.target, environment=situation.environment)
    if not rules:
        return Ruling("policy rules", ALLOW, "No rule is about it.")
    effect = BLOCK if rules[0].effect == BLOCK.value else ASK
    told = " ".join(f"Rule {rule.slug}: {rule.reason}" for rule in rules if rule.effect == effect)
    return Ruling("policy rules", effect, told)


def assurance(situation: Situation) -> Ruling:
    """How sure the whole is: below the bound a person must look."""
    told = situation.action.assurance
    total, bound = told.get("total"), settings.ASSURANCE_GATE
    if not isinstance(total, float):
        return Ruling("assurance", ASK, "It was not worked out for this action.")
    verdict = ALLOW if total > bound else ASK
    return Ruling("assurance", verdict, f"{total:.0%}; more than {bound:.0%} is asked for.")
