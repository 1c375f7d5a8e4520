"""Accounts by role, and one-time sign-in links for loopback."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.enums import Role
from sre_workspace.models import SignInLink

LINK_LIFETIME = timedelta(minutes=15)
# The accounts of this machine, by what their links are called. What one approver stopped another lets
# run again, and what is red needs both.
LOCAL_ACCOUNTS = {
    "approver": Role.APPROVER, "approver-2": Role.APPROVER, "responder": Role.RESPONDER,
    "viewer": Role.VIEWER, "admin": Role.ADMIN,
}  # fmt: skip


def ensure_roles() -> None:
    """Create the role groups. Idempotent."""
    for role in Role.values:
        Group.objects.get_or_create(name=role)


def make_account(*, username: str, roles: list[str], password: str | None) -> User:
    """Create or update an account with exactly these roles. Without a password it has none.

    Raises:
        ValueError: A role is unknown.
    """
    unknown = set(roles) - set(Role.values)
    if unknown:
        raise ValueError(f"Unknown role {sorted(unknown)[0]!r}. Roles: {', '.join(Role.values)}.")
    ensure_roles()
    with transaction.atomic():
        user, _ = User.objects.get_or_create(username=username)
        if password:
            user.set_password(password)
        elif not user.password:
            user.set_unusable_password()
        user.save()
        user.groups.set(Group.objects.filter(name__in=roles))
        record_audit(
            actor="system",
            verb="account.set",
            subject=f"person/{username}",
            detail={"roles": sorted(roles)},
        )
    return user


def make_local_account(name: str) -> User:
    """Create or update one of :data:`LOCAL_ACCOUNTS`. It has no password: links sign it in."""
    return make_account(username=f"local-{name}", roles=[LOCAL_ACCOUNTS[name]], password=None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_sign_in_link(user: User) -> str:
    """Return a fresh token that signs the user in once within 15 minutes."""
    token = secrets.token_urlsafe(24)
    expires_at = database_now() + LINK_LIFETIME
    SignInLink.objects.filter(Q(expires_at__lt=database_now()) | Q(used_at__isnull=False)).delete()
    SignInLink.objects.create(digest=_digest(token), user=user, expires_at=expires_at)
    return token


def is_link_live(token: str) -> bool:
    """Whether a token would sign somebody in now. Looking does not use it up."""
    return SignInLink.objects.filter(
        digest=_digest(token),
        used_at__isnull=True,
        expires_at__gt=database_now(),
        user__is_active=True,
    ).exists()


def redeem_sign_in_link(token: str) -> User | None:
    """Use a token up and return its user, or None if it is spent, expired or unknown."""
    with transaction.atomic():
        now = database_now()
        link = (
            SignInLink.objects.select_for_update()
            .select_related("user")
            .filter(digest=_digest(token), used_at__isnull=True, expires_at__gt=now)
            .first()
        )
        if link is None or not link.user.is_active:
            return None
        link.used_at = now
        link.save(update_fields=["used_at"])
        record_audit(
            actor=f"person/{link.user.get_username()}",
            verb="session.opened",
            subject=f"person/{link.user.get_username()}",
            detail={"by": "one-time link"},
        )
        return link.user
