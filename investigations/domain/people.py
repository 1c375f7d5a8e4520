"""People and their roles, set by admins. Nobody raises their own, and one admin always stays."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, User
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.enums import Role
from investigations.errors import BoardError, NotFound


def change_person(*, person_id: int, roles: Iterable[str], is_active: bool, actor: User) -> User:
    """Set exactly these roles and whether the person may sign in. One transaction, audited.

    Sessions of a disabled person end with the next request, their sockets within seconds.
    Requires: ``can_administer`` was checked.

    Raises:
        NotFound: There is no such person.
        BoardError: A role is unknown, the last active admin would be lost, or one's own rights
            would be raised or ended.
    """
    wanted = set(roles)
    if not wanted <= set(Role.values):
        raise BoardError("Choose roles from the list.")
    with transaction.atomic():
        # Whoever changes admins waits here, so that two cannot remove each other.
        Group.objects.get_or_create(name=Role.ADMIN)
        Group.objects.select_for_update().get(name=Role.ADMIN)
        person = User.objects.filter(pk=person_id).first()
        if person is None:
            raise NotFound("There is no such person.")
        had = set(person.groups.values_list("name", flat=True)) & set(Role.values)
        _check_self(person, actor, had, wanted, is_active=is_active)
        _check_last_admin(person, stays=Role.ADMIN in wanted and is_active)
        if had == wanted and person.is_active == is_active:
            return person
        for role in wanted:
            Group.objects.get_or_create(name=role)
        others = person.groups.exclude(name__in=Role.values)
        person.groups.set([*others, *Group.objects.filter(name__in=wanted)])
        was_active, person.is_active = person.is_active, is_active
        person.is_staff = Role.ADMIN in wanted
        person.save(update_fields=["is_active", "is_staff"])
        record_audit(
            actor=f"person/{actor.get_username()}", verb="account.changed",
            subject=f"person/{person.get_username()}",
            detail={"roles": [sorted(had), sorted(wanted)], "is_active": [was_active, is_active]},
        )  # fmt: skip
    return person


def _check_self(
    person: User, actor: User, had: set[str], wanted: set[str], *, is_active: bool
) -> None:
    if person.pk != actor.pk:
        return
    if wanted - had:
        raise BoardError("Another admin must give you a role.")
    if not is_active:
        raise BoardError("You cannot disable yourself. Another admin can.")


def _check_last_admin(person: User, *, stays: bool) -> None:
    others = User.objects.filter(groups__name=Role.ADMIN, is_active=True).exclude(pk=person.pk)
    if not stays and not others.exists():
        is_one = person.is_active and person.groups.filter(name=Role.ADMIN).exists()
        if is_one:
            raise BoardError("This is the last admin. Make another one first.")
