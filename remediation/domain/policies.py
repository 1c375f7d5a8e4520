"""Setting the rules for changes, and the phase of the installation: by admins, audited."""

import re
from typing import TYPE_CHECKING

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp
from investigations.rules import can_administer
from investigations.typed_text import refuse_longer
from remediation.catalog.registry import CATALOG
from remediation.enums import Autonomy
from remediation.errors import NotYours, RuleRefused
from remediation.jobs import enqueue_open_work
from remediation.models import AutonomyRecord, PolicyRule, RuleEffect
from remediation.queries.phases import EVERYTHING, known_environments

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{2,49}")
TARGET = re.compile(r"[\w./-]{1,198}\*?")
MAX_RULES = 200


def set_rule(
    *, slug: str, kind: str, target: str, environment: str, effect: str, reason: str,
    person: "User", may_be_new: bool = False,
) -> PolicyRule:  # fmt: skip
    """Set a rule, or change the one of this slug. It holds at once, for what waits too. Audited.

    ``may_be_new``: the environment is meant although no incident has come from it.

    Raises:
        NotYours: No admin.
        RuleRefused: A field makes no sense.
    """
    _check(person)
    slug, target, reason = slug.strip().lower(), target.strip(), reason.strip()
    if not SLUG.fullmatch(slug):
        raise RuleRefused("An id has 3 to 50 small letters, digits and hyphens.")
    if kind and kind not in CATALOG:
        raise RuleRefused(f"The catalogue has no action {kind[:40]}.")
    if target and not TARGET.fullmatch(target):
        raise RuleRefused("A target is a name, or its beginning and a * at the end.")
    if effect not in RuleEffect.values:
        raise RuleRefused("Choose what the rule does.")
    if not reason:
        raise RuleRefused("Say why: whoever is refused reads it.")
    environment = refuse_longer(environment.strip(), 64, "the environment")
    if environment and not may_be_new:
        _check_environment(environment)
    fields = {
        "kind": kind, "target": target, "effect": effect, "is_active": True,
        "environment": environment, "reason": refuse_longer(reason, 300, "the reason"),
    }  # fmt: skip
    with transaction.atomic():
        if PolicyRule.objects.exclude(slug=slug).count() >= MAX_RULES:
            raise RuleRefused(f"There are {MAX_RULES} rules already.")
        rule, _ = PolicyRule.objects.update_or_create(
            slug=slug,
            defaults={
                **fields,
                "set_by": _name(person),
                "changed_at": ClockTimestamp(),
                "retired_by": "",
                "retired_at": None,
            },
        )
        record_audit(actor=_name(person), verb="policy.set", subject=f"policy/{slug}",
                     detail=dict(fields))  # fmt: skip
        enqueue_open_work()
    rule.refresh_from_db()
    return rule


def retire_rule(*, slug: str, person: "User") -> PolicyRule:
    """Let a rule hold no more. Idempotent; audited.

    Raises:
        NotYours: No admin.
        RuleRefused: There is no such rule.
    """
    _check(person)
    with transaction.atomic():
        rule = PolicyRule.objects.select_for_update().filter(slug=slug).first()
        if rule is None:
            raise RuleRefused("There is no such rule.")
        if rule.is_active:
            rule.is_active, rule.retired_by = False, _name(person)
            rule.retired_at = ClockTimestamp()
            rule.save()
            record_audit(actor=_name(person), verb="policy.retired", subject=f"policy/{slug}")
            enqueue_open_work()
    rule.refresh_from_db()
    return rule


def set_phase(*, phase: str, reason: str, person: "User") -> AutonomyRecord:
    """Put the whole installation into shadow, or back to where people decide. Audited.

    In shadow plans are made and shown, and nothing can run, whoever approves it.

    Raises:
        NotYours: No admin.
        RuleRefused: No such phase can be set by hand, or no reason.
    """
    _check(person)
    reason = refuse_longer(reason.strip(), 300, "the reason")
    if phase not in {Autonomy.SHADOW, Autonomy.ASSIST}:
        raise RuleRefused("Choose shadow or assist.")
    if not reason:
        raise RuleRefused("Say why.")
    with transaction.atomic():
        record, _ = AutonomyRecord.objects.update_or_create(
            kind=EVERYTHING, service=EVERYTHING, defaults={"phase": phase, "reason": reason}
        )
        record_audit(actor=_name(person), verb=f"phase.{phase}", subject="phase/installation",
                     detail={"reason": reason})  # fmt: skip
        enqueue_open_work()
    return record


def _check_environment(environment: str) -> None:
    """Refuse an environment that nothing has come from: a rule for it would silently never hold."""
    known = known_environments()
    if environment in known:
        return
    told = f"Known: {', '.join(known)}" if known else "No environment is known yet"
    raise RuleRefused(
        f"No incident has come from an environment {environment}. {told}. If it is meant, tick "
        "that it is new."
    )


def _check(person: "User") -> None:
    if not can_administer(person):
        raise NotYours("Only admins set policy.")


def _name(person: "User") -> str:
    return f"person/{person.get_username()}"
