"""Setting up where messages go: webhooks by admins, one's own mail and browsers by each person."""

import re
import secrets
from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.crypto import salted_hmac

from investigations.domain.audit import record_audit
from investigations.errors import BoardError, NotFound
from investigations.jobs import DELIVER, enqueue
from investigations.models import (
    FOR_RESPONDERS,
    AttentionKind,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    NotificationPreference,
    OutboundHost,
    WebhookFormat,
)
from investigations.sending import mail, push
from investigations.sending.outbound import Hosts, NotAllowed, check_address

if TYPE_CHECKING:
    from django.contrib.auth.models import User

HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
MAX_WEBHOOKS = 20
MAX_HOSTS = 50
MAX_PERSONAL = 10


def allowed_hosts(*, is_push: bool = False) -> Hosts:
    """Return where messages may go: what admins listed, and for browsers the push services."""
    rows = list(OutboundHost.objects.all()[:MAX_HOSTS])
    public = {r.host for r in rows if not r.is_internal}
    internal = frozenset(r.host for r in rows if r.is_internal)
    if is_push:
        known = push.SERVICES
        return Hosts(public | set(known.public), known.suffixes, internal)
    return Hosts(public, (), internal)


def secret_of(channel: Channel) -> str:
    """Return a webhook's signing secret: derived, so that the database does not hold it."""
    derived = salted_hmac(
        "investigations.webhook", f"{channel.pk}/{channel.nonce}", algorithm="sha256"
    )
    return f"whsec_{derived.hexdigest()}"


def allow_host(*, host: str, is_internal: bool, actor: str) -> OutboundHost:
    """Put a host on the list. Audited. Idempotent but for ``is_internal``.

    Raises:
        BoardError: That is no host name, or the list is full.
    """
    name = host.strip().rstrip(".").lower()
    if not HOST.fullmatch(name) or len(name) > 253:
        raise BoardError("Only the name of the host, such as hooks.example.org.")
    with transaction.atomic():
        if OutboundHost.objects.count() >= MAX_HOSTS:
            raise BoardError(f"At most {MAX_HOSTS} hosts.")
        row, _ = OutboundHost.objects.update_or_create(
            host=name, defaults={"is_internal": is_internal, "added_by": actor}
        )
        record_audit(actor=actor, verb="outbound.allowed", subject=f"host/{name}",
                     detail={"is_internal": is_internal})  # fmt: skip
    return row


def forbid_host(*, host_id: int, actor: str) -> None:
    """Take a host off the list: webhooks to it fail from now on, with that reason."""
    with transaction.atomic():
        row = OutboundHost.objects.filter(pk=host_id).first()
        if row is not None:
            record_audit(actor=actor, verb="outbound.forbidden", subject=f"host/{row.host}")
            row.delete()


def add_webhook(
    *, name: str, url: str, format_name: str, events: list[str], has_practice: bool, actor: str
) -> Channel:
    """Add a shared webhook. Its secret is :func:`secret_of`. Audited, without the address's path.

    Raises:
        BoardError: The name or address is not usable, or there are too many.
    """
    url, name = url.strip(), name.strip()
    if not name or len(name) > 64 or len(url) > 1000:
        raise BoardError("Give it a name of at most 64 characters and an address of at most 1000.")
    if format_name not in WebhookFormat.values:
        raise BoardError("Choose a format from the list.")
    try:
        parts = check_address(url, allowed_hosts())
    except NotAllowed as error:
        raise BoardError(str(error)) from error
    with transaction.atomic():
        if Channel.objects.filter(kind=ChannelKind.WEBHOOK).count() >= MAX_WEBHOOKS:
            raise BoardError(f"At most {MAX_WEBHOOKS} webhooks.")
        row, is_new = Channel.objects.get_or_create(
            kind=ChannelKind.WEBHOOK, target=url, person=None,
            defaults={"name": name, "format": format_name, "events": known_events(events),
                      "nonce": secrets.token_hex(8), "has_practice": has_practice,
                      "created_by": actor},
        )  # fmt: skip
        if not is_new:
            raise BoardError("There is a webhook to this address already.")
        record_audit(actor=actor, verb="channel.added", subject=f"channel/{row.pk}",
                     detail={"name": name, "host": parts.hostname})  # fmt: skip
    return row


def known_events(events: list[str]) -> list[str]:
    """Return the events that exist, once each, in their order.

    All that people are called for by their role: an empty list, which takes in later ones too.
    """
    wanted = [kind for kind in AttentionKind.values if kind in events]
    return [] if wanted == list(FOR_RESPONDERS) else wanted


def set_mail(*, user: "User", address: str) -> Channel | None:
    """Set or (empty) remove a person's address for mail.

    Raises:
        BoardError: No mail server is configured, or that is no address that may be used.
    """
    address = address.strip()
    mine = Channel.objects.filter(kind=ChannelKind.EMAIL, person=user)
    with transaction.atomic():
        if not address:
            mine.delete()
            return None
        if not mail.is_configured():
            raise BoardError("No mail server is configured: SRE_SMTP_HOST and SRE_SMTP_FROM.")
        try:
            validate_email(address)
        except ValidationError as error:
            raise BoardError("That is no e-mail address.") from error
        domains = settings.EMAIL_DOMAINS
        if domains and address.rpartition("@")[2].lower() not in domains:
            raise BoardError(f"Only addresses of {', '.join(domains)}.")
        mine.exclude(target=address).delete()
        row, _ = Channel.objects.update_or_create(
            kind=ChannelKind.EMAIL, person=user, target=address,
            defaults={"name": address[:64], "is_enabled": True,
                      "created_by": f"person/{user.get_username()}"},
        )  # fmt: skip
        record_audit(actor=f"person/{user.get_username()}", verb="channel.added",
                     subject=f"channel/{row.pk}", detail={"kind": "email"})  # fmt: skip
    return row


def subscribe(*, user: "User", endpoint: str, p256dh: str, auth: str, name: str) -> Channel:
    """Let a browser of a person be called. Idempotent: the same browser again is enabled again.

    Raises:
        BoardError: No key is configured, or the browser's data are not usable.
    """
    if not settings.VAPID["private_key"]:
        raise BoardError("Browser notifications need a VAPID key: SRE_VAPID_PRIVATE_KEY.")
    try:
        check_address(endpoint, allowed_hosts(is_push=True))
        push.read_subscription(endpoint, p256dh, auth)
    except (NotAllowed, ValueError) as error:
        raise BoardError(f"This browser cannot be called: {error}") from error
    mine = Channel.objects.filter(kind=ChannelKind.PUSH, person=user)
    with transaction.atomic():
        if mine.exclude(target=endpoint).count() >= MAX_PERSONAL:
            raise BoardError(f"At most {MAX_PERSONAL} browsers. Remove one first.")
        # Whoever is signed in at a shared browser now is the one it calls.
        Channel.objects.filter(kind=ChannelKind.PUSH, target=endpoint).exclude(person=user).delete()
        row, _ = Channel.objects.update_or_create(
            kind=ChannelKind.PUSH, person=user, target=endpoint[:1000],
            defaults={"name": name[:64] or "Browser", "keys": {"p256dh": p256dh, "auth": auth},
                      "is_enabled": True, "error": "",
                      "created_by": f"person/{user.get_username()}"},
        )  # fmt: skip
    return row


def access_channel(*, user: "User", channel_id: int, is_admin: bool) -> Channel:
    """Return one's own channel, or for admins a shared one.

    Raises:
        NotFound: It is none of these.
    """
    row = Channel.objects.filter(pk=channel_id).first()
    if row is None or not (row.person_id == user.pk or (row.person_id is None and is_admin)):
        raise NotFound("There is no such channel.")
    return row


def remove_channel(*, channel: Channel, actor: str) -> None:
    """Remove a channel with its log. Audited."""
    with transaction.atomic():
        record_audit(actor=actor, verb="channel.removed", subject=f"channel/{channel.pk}",
                     detail={"kind": channel.kind, "name": channel.name})  # fmt: skip
        channel.delete()


def request_test(*, channel: Channel) -> Delivery:
    """Ask for a test message now; a worker sends it and keeps the answer. One at a time."""
    waiting = channel.deliveries.filter(attention__isnull=True, state=DeliveryState.PENDING).first()
    if waiting is not None:
        return waiting
    with transaction.atomic():
        row = Delivery.objects.create(channel=channel)
        enqueue(DELIVER)
    return row


def set_preferences(
    *, user: "User", events: list[str], quiet_from: time | None, quiet_until: time | None,
    zone: str, is_woken_by_sev1: bool, has_practice: bool,
) -> NotificationPreference:  # fmt: skip
    """Set what a person is called for.

    Raises:
        BoardError: No event is chosen, half a range is given, or the zone is unknown.
    """
    wanted = [kind for kind in AttentionKind.values if kind in events]
    if not wanted:
        raise BoardError("Choose at least one event, or remove your channels instead.")
    if (quiet_from is None) != (quiet_until is None):
        raise BoardError("Give both ends of the quiet hours, or none.")
    if zone not in available_timezones():
        raise BoardError("That time zone is unknown. Write it like Europe/Prague.")
    row, _ = NotificationPreference.objects.update_or_create(
        person=user,
        defaults={"events": known_events(events), "quiet_from": quiet_from,
                  "quiet_until": quiet_until, "zone": zone, "has_practice": has_practice,
                  "is_woken_by_sev1": is_woken_by_sev1},
    )  # fmt: skip
    return row
