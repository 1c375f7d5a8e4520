"""In which phase an action is, and which rules are about it."""

from django.db.models import Q

from investigations.models import Incident
from remediation.enums import Autonomy
from remediation.models import AutonomyRecord, PolicyRule

EVERYTHING = "*"
MAX_ENVIRONMENTS = 50


def shadow_of(*, kind: str, service: str) -> AutonomyRecord | None:
    """Return the record that keeps an action in shadow, the widest first. One query."""
    rows = AutonomyRecord.objects.filter(
        Q(kind=EVERYTHING, service=EVERYTHING) | Q(kind=kind, service__in=[EVERYTHING, service]),
        phase=Autonomy.SHADOW,
    )
    return rows.order_by("kind", "service").first()


def installation_phase() -> AutonomyRecord | None:
    """Return what an admin set for everything, if anything."""
    return AutonomyRecord.objects.filter(kind=EVERYTHING, service=EVERYTHING).first()


def known_environments() -> list[str]:
    """Return the environments that incidents came from. One query."""
    rows = Incident.objects.exclude(environment="").order_by("environment")
    return list(rows.values_list("environment", flat=True).distinct()[:MAX_ENVIRONMENTS])


def rules_about(*, kind: str, target: str, environment: str) -> list[PolicyRule]:
    """Return the active rules that are about an action, the strictest first. One query.

    ``target`` is a resource key; a rule names it with or without its kind.
    """
    rows = PolicyRule.objects.filter(
        Q(kind="") | Q(kind=kind), Q(environment="") | Q(environment=environment), is_active=True
    )
    names = (target, target.rpartition("/")[2])
    found = [rule for rule in rows if any(_fits(rule.target, name) for name in names)]
    return sorted(found, key=lambda rule: (rule.effect != "block", rule.slug))


def _fits(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern in {"", name}
