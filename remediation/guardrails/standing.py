"""Guardrails that people set, and how sure the whole is."""

from django.conf import settings

from investigations.queries.services import dependents_of, known_services
from remediation.enums import GuardrailVerdict
from remediation.guardrails.base import Ruling, Situation
from remediation.queries.phases import rules_about, shadow_of

MOST_TIMES = 2
MOST_DEPENDENTS = 0.5
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


def scale_bound(situation: Situation) -> Ruling:
    """A workload is at most doubled at once."""
    action = situation.action
    if action.payload.get("action") != "scale":
        return Ruling("scale bound", ALLOW, "It does not scale.")
    wanted, has = action.payload.get("replicas"), action.undo_payload.get("replicas")
    if not isinstance(wanted, int) or not isinstance(has, int) or has < 1:
        return Ruling("scale bound", BLOCK, "From how many replicas it would scale is not known.")
    text = f"From {has} to {wanted} replicas; at most {MOST_TIMES * has} at once."
    return Ruling("scale bound", BLOCK if wanted > MOST_TIMES * has else ALLOW, text)


def dependents(situation: Situation) -> Ruling:
    """More than half of the known services behind its target needs people to look."""
    target = situation.action.target
    count, known = dependents_of(target, now=situation.now), known_services(now=situation.now)
    if not known:
        return Ruling("dependents", ASK, "Who depends on it is not known: there is no topology.")
    text = f"{count} of {known} services call it, directly or through others."
    return Ruling("dependents", ASK if count > MOST_DEPENDENTS * known else ALLOW, text)


def assurance(situation: Situation) -> Ruling:
    """How sure the whole is: below the bound a person must look."""
    told = situation.action.assurance
    total, bound = told.get("total"), settings.ASSURANCE_GATE
    if not isinstance(total, float):
        return Ruling("assurance", ASK, "It was not worked out for this action.")
    verdict = ALLOW if total > bound else ASK
    return Ruling("assurance", verdict, f"{total:.0%}; more than {bound:.0%} is asked for.")
