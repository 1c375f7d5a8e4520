"""Guardrails that people set, and how sure the whole is."""

from django.conf import settings

from investigations.queries.services import dependents_of, known_services
from remediation.enums import ActionState, GuardrailVerdict
from remediation.guardrails.base import Ruling, Situation
from remediation.models import Action
from remediation.queries.overlap import LIMIT, NAMED, in_environment_of, name_of, treated_in
from remediation.queries.phases import rules_about, shadow_of

MOST_TIMES = 2
MOST_DEPENDENTS = 0.5
# What of an action that is not over may still change its target, or is about to.
UNDER_WAY = {
    ActionState.APPROVED: "about to begin", ActionState.RUNNING: "running",
    ActionState.UNKNOWN: "being looked up", ActionState.VERIFYING: "still being verified",
    ActionState.UNDOING: "being undone",
}  # fmt: skip
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


def target_free(situation: Situation) -> Ruling:
    """While another action is under way on its target, an approval would be lost: the target changes."""
    action = situation.action
    others = type(action).objects.filter(target=action.target, state__in=UNDER_WAY)
    other = others.exclude(pk=action.pk).select_related("verification", "investigation").first()
    if other is None:
        return Ruling("target", ALLOW, "No other action is under way on it.")
    run = getattr(other, "verification", None)
    is_verified = other.state == ActionState.VERIFYING and run is not None
    limit = f", until {run.deadline:%H:%M:%SZ} at the latest" if run and is_verified else ""
    name = name_of(action, other)
    text = (
        f"{name} ({other.title}) is {UNDER_WAY[ActionState(other.state)]}{limit}. It changes the same "
        "target: this is planned anew after it, where it has to be."
    )
    return Ruling("target", BLOCK, text)


def told_apart(situation: Situation) -> Ruling:
    """What runs while others of the environment are judged cannot be told apart: people say so."""
    action = situation.action
    rows = in_environment_of(action).filter(state__in=UNDER_WAY).exclude(target=action.target)
    others = list(rows.select_related("verification", "investigation").order_by("-pk")[: LIMIT + 1])
    if not others:
        return Ruling("told apart", ALLOW, "No other action is under way in this environment.")
    whom = "it" if len(others) == 1 else "them"
    text = (
        f"{_under_way(action, others)}; what you approve now cannot be told apart from {whom}."
    )  # fmt: skip
    return Ruling("told apart", ASK, text, f"{text} {_credit_told(action, others)}")


def _under_way(action: Action, others: list[Action]) -> str:
    """Return which actions are under way and how far each is, some by name and how many more."""
    named = [
        f"{name_of(action, other)} ({other.title}) is {_now(other)}" for other in others[:NAMED]
    ]
    more = len(others) - NAMED
    if len(others) > LIMIT:
        named.append(f"more than {more - 1} more are under way")
    elif more > 0:
        named.append(f"{more} more {'is' if more == 1 else 'are'} under way")
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))


def _now(other: Action) -> str:
    run = getattr(other, "verification", None)
    if run is not None and other.state == ActionState.VERIFYING:
        return f"being verified until {run.deadline:%H:%M:%SZ}"
    return UNDER_WAY[ActionState(other.state)]


def _credit_told(action: Action, others: list[Action]) -> str:
    """Return who is credited with what is well then, as each is judged: by its own incident's cause."""
    together = [action, *others]
    treated = treated_in({one.investigation_id for one in together})
    credited = [
        one for one in together
        if len(others) <= LIMIT and _is_alone(one, together, treated[one.investigation_id])
    ]  # fmt: skip
    if not credited:
        who = "neither" if len(others) == 1 else "none of them"
        return f"Whatever is well then, {who} is credited with it: a person must judge."
    if len(credited) == len(together):
        return "Each alone treats the likely cause of its own incident, and is credited with that."
    names = ", ".join(name_of(action, one) for one in credited)
    of = "Of the two" if len(others) == 1 else "Of all these"
    if len({one.investigation_id for one in together}) == 1:
        return f"{of}, only {names} treats the likely cause: what is well then is credited to it alone."
    return f"{of}, only {names} can be credited with what is well then."


def _is_alone(one: Action, together: list[Action], treated: set[tuple[str, str]]) -> bool:
    """Whether it treats a cause, and no other of those that run together treats that too."""
    return [x.pk for x in together if (x.kind, x.target) in treated] == [one.pk]


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
