"""Lists for the settings: people, tokens, channels, messages."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from investigations.enums import Role
from investigations.models import (
    Channel,
    Delivery,
    IntakeToken,
    NotificationPreference,
    OutboundHost,
)

MAX_PEOPLE = 300
MAX_ROWS = 100
LOG = 30


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person with the roles held."""

    person: User
    roles: frozenset[str]


def list_people(*, text: str = "") -> list[PersonRow]:
    """Return people by name, those who may sign in first. Two queries."""
    rows = User.objects.order_by("-is_active", "username")
    if text:
        rows = rows.filter(username__icontains=text)
    return [
        PersonRow(p, frozenset(g.name for g in p.groups.all()) & set(Role.values))
        for p in rows.prefetch_related("groups")[:MAX_PEOPLE]
    ]


def list_tokens() -> list[IntakeToken]:
    """Return every token, live ones first."""
    rows = list(IntakeToken.objects.order_by("name")[:MAX_ROWS])
    return sorted(rows, key=lambda t: t.revoked_at is not None)


def list_webhooks() -> list[Channel]:
    """Return shared webhooks."""
    return list(Channel.objects.filter(person__isnull=True)[:MAX_ROWS])


def list_own_channels(user: User) -> list[Channel]:
    """Return a person's mail and browsers."""
    return list(Channel.objects.filter(person=user)[:MAX_ROWS])


def list_hosts() -> list[OutboundHost]:
    """Return the hosts that webhooks may go to."""
    return list(OutboundHost.objects.all()[:MAX_ROWS])


def recent_deliveries(channels: list[Channel]) -> list[Delivery]:
    """Return the newest messages to these channels."""
    rows = Delivery.objects.filter(channel__in=channels).select_related("channel", "attention")
    return list(rows.order_by("-pk")[:LOG])


def last_test(channel: Channel) -> Delivery | None:
    """Return a channel's newest test message."""
    return channel.deliveries.filter(attention__isnull=True).order_by("-pk").first()


def preference_of(user: User) -> NotificationPreference:
    """Return what a person is called for; unsaved when nothing was ever chosen."""
    found = NotificationPreference.objects.filter(person=user).first()
    return found or NotificationPreference(person=user)
