"""Following an incident's status: for people who wait and have an account."""

from typing import TYPE_CHECKING

from investigations.models import Channel, Incident, StatusFollower

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def follow(*, incident: Incident, user: "User") -> None:
    """Call a person by their channels when an update is posted or it is resolved. Idempotent."""
    StatusFollower.objects.get_or_create(incident=incident, person=user)


def unfollow(*, incident: Incident, user: "User") -> None:
    """Stop that. Idempotent."""
    StatusFollower.objects.filter(incident=incident, person=user).delete()


def following(*, incident: Incident, user: "User") -> tuple[bool, bool]:
    """Return whether a person follows it, and whether they have a channel to be told by."""
    follows = StatusFollower.objects.filter(incident=incident, person=user).exists()
    return follows, Channel.objects.filter(person=user, is_enabled=True).exists()
