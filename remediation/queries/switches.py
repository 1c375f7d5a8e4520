"""Which kill switches govern an action, and who may release one."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from investigations.enums import Role
from remediation.models import KillSwitch

GLOBAL = "global"


def scopes_of(*, kind: str, environment: str) -> tuple[str, ...]:
    """Return the scopes whose switch stops an action of a kind in an environment."""
    return (GLOBAL, f"action/{kind}", f"environment/{environment}")


@dataclass(frozen=True, slots=True)
class Releaser:
    """Somebody who may release a switch. ``link``: which sign-in link of this machine is theirs."""

    username: str
    link: str


def list_releasers(switch: KillSwitch | None, *, limit: int = 5) -> list[Releaser]:
    """Return the approvers who may release a switch: all but the one who engaged it. One query."""
    rows = User.objects.filter(is_active=True, groups__name=Role.APPROVER)
    if switch is not None and switch.engaged_by_id is not None:
        rows = rows.exclude(pk=switch.engaged_by_id)
    return [
        Releaser(row.username, "" if row.has_usable_password() else _link_of(row.username))
        for row in rows.order_by("username")[:limit]
    ]


def _link_of(username: str) -> str:
    return username.removeprefix("local-") if username.startswith("local-") else ""
