"""Permission predicates. Admin does not imply approver; an inactive person may do nothing."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

from investigations.enums import Role

AnyUser = AbstractBaseUser | AnonymousUser | User


def roles_of(user: AnyUser) -> set[str]:
    """Return the roles a person holds now. One query per request (cached on the user object)."""
    if not isinstance(user, User) or not user.is_active:
        return set()
    cached = getattr(user, "_role_names", None)
    if cached is None:
        cached = {group.name for group in user.groups.all()} & set(Role.values)
        user._role_names = cached  # type: ignore[attr-defined]  # cache for this request only
    roles: set[str] = cached
    return roles


def can_view(user: AnyUser) -> bool:
    """Everybody with a role may read."""
    return bool(roles_of(user))


def can_respond(user: AnyUser) -> bool:
    """Responders and approvers post, steer, challenge, pause."""
    return bool(roles_of(user) & {Role.RESPONDER, Role.APPROVER})


def can_approve(user: AnyUser) -> bool:
    """Only approvers decide on actions."""
    return Role.APPROVER in roles_of(user)


def can_administer(user: AnyUser) -> bool:
    """Admins set policy and accounts."""
    return Role.ADMIN in roles_of(user)
