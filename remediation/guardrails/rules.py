"""The guardrails. Missing data blocks; each says a sentence."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.text import Truncator

from investigations.enums import IncidentOrigin, IncidentState
from investigations.models import Incident
from remediation.catalog.registry import CATALOG
from remediation.enums import ActionState, GuardrailVerdict
from remediation.executors.ports import Request, settings_in
from remediation.guardrails.base import Ruling, Situation
from remediation.guardrails.standing import (
    assurance,
    dependents,
    phase,
    policy_rules,
    scale_bound,
    target_free,
    told_apart,
)
from remediation.models import Action, ActionOutcome, ChangeFreeze, Execution, KillSwitch
from remediation.queries.switches import GLOBAL, scopes_of
from telemetry.phrasing import counted

ALLOW, ASK, BLOCK = GuardrailVerdict.ALLOW, GuardrailVerdict.ASK, GuardrailVerdict.BLOCK
MAX_SHARE = 0.20
LEAST_BUDGET = 0.25
PER_HOUR_SERVICE = 2
PER_HOUR_ENVIRONMENT = 6
OSCILLATION = timedelta(hours=2)
MOST_UNDOS = 20
# So much of a person's reason for a stop is told beside each action; its page has it whole.
MAX_TOLD = 120
PROTECTED_KINDS = ("database", "external", "node")


def kill_switch(situation: Situation) -> Ruling:
    """Nothing runs while a switch of its scope is engaged; no readable row counts as engaged."""
    scopes = scopes_of(kind=situation.action.kind, environment=situation.environment)
    rows = {k.scope: k for k in KillSwitch.objects.filter(scope__in=scopes)}
    if GLOBAL not in rows:
        return Ruling("kill switch", BLOCK, "The kill switch cannot be read.")
    engaged = next((k for k in rows.values() if k.is_engaged), None)
    if engaged is not None:
        who = engaged.engaged_by.get_username() if engaged.engaged_by else "the system"
        why = Truncator(engaged.reason).chars(MAX_TOLD)
        return Ruling("kill switch", BLOCK, f"All actions are stopped by {who}: {why}")
    return Ruling("kill switch", ALLOW, "Not engaged.")


def incident_state(situation: Situation) -> Ruling:
    """Nothing is changed for an incident that is over."""
    state = Incident.objects.values_list("state", flat=True).get(
        investigations=situation.action.investigation_id
    )
    if state == IncidentState.RESOLVED:
        return Ruling("incident", BLOCK, "The incident is resolved. Open it again first.")
    if state == IncidentState.MERGED:
        return Ruling("incident", BLOCK, "The incident is merged into another one.")
    return Ruling("incident", ALLOW, f"The incident is {IncidentState(state).label.lower()}.")


def blast_radius(situation: Situation) -> Ruling:
    """At most a fifth of the system's pods; an unknown or empty radius blocks."""
    touched = situation.action.blast.get("touched_pods")
    total = situation.action.blast.get("total_pods")
    if not isinstance(touched, int) or not isinstance(total, int) or touched < 1 or total < 1:
        return Ruling("blast radius", BLOCK, "What it would touch is not known.")
    share = touched / total
    text = f"{touched} of {total} pods ({share:.0%}); the cap is {MAX_SHARE:.0%}."
    return Ruling("blast radius", ALLOW if share <= MAX_SHARE else ASK, text)


def gradual(situation: Situation) -> Ruling:
    """Pods are replaced some at a time, so that a bad change stops at the first; else people decide."""
    at_once, touched = (situation.action.blast.get(name) for name in ("at_once", "touched_pods"))
    if at_once == 0:
        return Ruling("gradual", ALLOW, "It replaces no pod that runs.")
    if not isinstance(at_once, int) or not isinstance(touched, int):
        return Ruling("gradual", ASK, "How many pods are replaced at the same time is not known.")
    if touched > 1 and at_once >= touched:
        text = (
            f"All {touched} pods are replaced at the same time: none is left if the new ones fail."
        )
        return Ruling("gradual", ASK, text)
    text = f"{at_once} of {touched} pods at a time; it stops where a new one does not become ready."
    return Ruling("gradual", ALLOW, text)


def error_budget(situation: Situation) -> Ruling:
    """Under a quarter of the budget people decide; without any, only what takes risk away may run."""
    action = situation.action
    budgets = action.blast.get("budgets") or []
    unknown = [b for b in budgets if b["left"] is None]
    if unknown:
        text = f"How much error budget {_short(unknown[0])} has left is not known."
        return Ruling("error budget", ASK, text)
    if not budgets:
        return Ruling("error budget", ALLOW, "Nobody has set an objective for what it touches.")
    least = min(budgets, key=lambda b: b["left"])
    kind = CATALOG.get(action.kind)
    text = (
        f"{_short(least)} has {max(0.0, least['left']):.0%} of its error budget left "
        f"({least['objective']:g}% of requests over 30 days; {least['hours']} hours are known)."
    )
    if least["left"] <= 0 and not (kind and kind.reduces_risk):
        return Ruling("error budget", BLOCK, f"{text} Only a way back or more capacity may run.")
    return Ruling("error budget", ALLOW if least["left"] >= LEAST_BUDGET else ASK, text)


def _short(budget: Mapping[str, str]) -> str:
    return budget["service"].partition("/")[2]


def protected_resources(situation: Situation) -> Ruling:
    """Databases, nodes and what is not ours are never changed."""
    kind = situation.action.target.partition("/")[0]
    if kind in PROTECTED_KINDS:
        return Ruling("protected resources", BLOCK, f"A {kind} is never changed by an action.")
    return Ruling("protected resources", ALLOW, "Not protected.")


def change_freeze(situation: Situation) -> Ruling:
    """Nothing is changed during a freeze."""
    freeze = ChangeFreeze.objects.filter(
        Q(environment="") | Q(environment=situation.environment),
        starts_at__lte=situation.now,
        ends_at__gt=situation.now,
    ).first()
    if freeze is not None:
        return Ruling(
            "change freeze", BLOCK, f"Frozen until {freeze.ends_at:%H:%MZ}: {freeze.reason}"
        )
    return Ruling("change freeze", ALLOW, "No freeze.")


def cooldown(situation: Situation) -> Ruling:
    """The same action on the same target rests after it ran; an undo does not count."""
    since = situation.now - timedelta(seconds=settings.COOLDOWN_SECONDS)
    action = situation.action
    ran = Execution.objects.filter(
        action__target=action.target, action__target_uid=action.target_uid,
        action__kind=action.kind, is_undo=False, started_at__gt=since,
    ).exclude(action=action)  # fmt: skip
    last = ran.order_by("-started_at").values_list("started_at", flat=True).first()
    if last is not None:
        minutes = settings.COOLDOWN_SECONDS / 60
        rested_at = last + timedelta(seconds=settings.COOLDOWN_SECONDS)
        text = f"It ran on this target less than {minutes:.0f} min ago."
        again = f"{text} From {rested_at:%H:%M}Z on it may run again."
        return Ruling("cooldown", BLOCK, again, until=rested_at)
    return Ruling("cooldown", ALLOW, "It has not run on this target lately.")


def rate_limit(situation: Situation) -> Ruling:
    """At most two changes an hour on a target, six in an environment.

    The practice system is an environment of its own, and a new one with each practice incident.
    """
    action = situation.action
    since = situation.now - timedelta(hours=1)
    ran = Execution.objects.filter(is_undo=False, started_at__gt=since).exclude(action=action)
    here = ran.filter(action__target=action.target, action__target_uid=action.target_uid)
    practice = Q(action__investigation__incident__origin=IncidentOrigin.PRACTICE)
    if action.investigation.incident.origin == IncidentOrigin.PRACTICE:
        same = ran.filter(practice).exclude(
            action__investigation__incident__state=IncidentState.RESOLVED
        )
    else:
        same = ran.exclude(practice).filter(
            action__investigation__incident__environment=situation.environment
        )
    counts = (here.count(), same.count())
    text = (
        f"{counts[0]} of {PER_HOUR_SERVICE} on this target, "
        f"{counts[1]} of {PER_HOUR_ENVIRONMENT} in all."
    )
    full = here if counts[0] >= PER_HOUR_SERVICE else same
    if counts[0] < PER_HOUR_SERVICE and counts[1] < PER_HOUR_ENVIRONMENT:
        left = (PER_HOUR_SERVICE - counts[0], PER_HOUR_ENVIRONMENT - counts[1])
        return Ruling("changes in the last hour", ALLOW, text, _last(action, left, (here, same)))
    limit = PER_HOUR_SERVICE if full is here else PER_HOUR_ENVIRONMENT
    oldest = full.order_by("-started_at").values_list("started_at", flat=True)[limit - 1]
    until = oldest + timedelta(hours=1)
    text = f"Changes in the last hour: {text} From {until:%H:%MZ} on another may run."
    return Ruling("changes in the last hour", BLOCK, text, until=until)


def _last(action: Action, left: tuple[int, int], ran: tuple[QuerySet[Execution], ...]) -> str:
    """Say what the last change of an hour locks, and until when; ``left``: on the target, in all."""
    places = (f"on {action.target.rpartition('/')[2]}", "in this environment")
    for place, spare, rows in zip(places, left, ran, strict=True):
        oldest = rows.order_by("started_at").values_list("started_at", flat=True).first()
        if spare == 1 and oldest is not None:
            return (
                f"It is the last change {place} that the limit allows: after it nobody can run another "
                f"there until {oldest + timedelta(hours=1):%H:%MZ}. Approve it only if it is the right one."
            )
    return ""


def oscillation(situation: Situation) -> Ruling:
    """A value that was just changed away from is not set again within two hours."""
    action = situation.action
    done = (
        type(action)
        .objects.filter(
            target=action.target, target_uid=action.target_uid,
            executions__started_at__gt=situation.now - OSCILLATION,
            state__in=[ActionState.SUCCEEDED, ActionState.UNDONE, ActionState.FAILED],
        )
        .exclude(pk=action.pk)
    )  # fmt: skip
    undos = done.values_list("undo_payload", flat=True)[:MOST_UNDOS]
    if any(_sets_again(action.payload, undo) for undo in undos):
        return Ruling("oscillation", BLOCK, "This value was changed away from within two hours.")
    return Ruling("oscillation", ALLOW, "Not going back and forth.")


def _sets_again(payload: Request, undo: Request) -> bool:
    """Whether it sets what an undo would: the very same, or one setting of it to the same value."""
    return undo == payload or bool(settings_in(payload).items() & settings_in(undo).items())


def independent_sources(situation: Situation) -> Ruling:
    """Without two ways of ingestion behind the diagnosis a person must look."""
    action = situation.action
    # What came of an earlier action was measured by the same metrics: it is no further way.
    rows = (
        action.investigation.evidence.filter(number__in=action.evidence)
        .exclude(feature__startswith="treatment_").order_by("number")
        .values_list("number", "ingestion_path", "is_tainted")
    )  # fmt: skip
    paths = {path for _, path, is_tainted in rows if not is_tainted}
    quoting = [
        f"E{number}" for number, path, is_tainted in rows if is_tainted and path not in paths
    ]
    found = "one kind of source" if len(paths) == 1 else f"{len(paths) or 'no'} kinds of sources"
    aside = (
        f" ({', '.join(quoting)} not counted: an outsider may have written what it quotes)"
        if quoting
        else ", such as metrics or logs"
    )
    text = f"The diagnosis rests on {found}{aside}; two must agree."
    return Ruling("independent sources", ALLOW if len(paths) >= 2 else ASK, text)


def track_record(situation: Situation) -> Ruling:
    """What it did before on this service."""
    rows = ActionOutcome.objects.filter(
        kind=situation.action.kind, service=situation.action.target, is_measured=True
    ).values_list("helped", flat=True)[:50]
    helped = sum(rows)
    name = situation.action.target.rpartition("/")[2]
    text = (
        f"Helped {helped} of {counted(len(rows), 'time')} on {name}." if rows
        else f"It never ran on {name} before."
    )  # fmt: skip
    return Ruling("track record", ALLOW if rows and helped == len(rows) else ASK, text)


GUARDRAILS = (
    kill_switch, phase, incident_state, policy_rules, protected_resources, target_free, told_apart,
    blast_radius, gradual, dependents, scale_bound, error_budget, change_freeze, cooldown, rate_limit,
    oscillation, independent_sources, track_record, assurance,
)  # fmt: skip
# What still holds after people have approved: the rest only asks for people.
