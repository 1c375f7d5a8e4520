"""Delivering calls: from the outbox to channels, by lease and epoch, with retries kept as rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q

from investigations.domain.channels import allowed_hosts, secret_of
from investigations.domain.clock import ClockTimestamp, database_now
from investigations.enums import Role
from investigations.models import (
    FOR_RESPONDERS,
    Attention,
    AttentionKind,
    Audience,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    NotificationPreference,
    WebhookFormat,
)
from investigations.sending import mail, push, webhook
from investigations.sending.outcome import Message, Outcome

log = structlog.get_logger(__name__)
SEND_LOCK = 0x5E_5E4D
MAX_EXPANDED = 50
MAX_CHANNELS = 500
MAX_SENT = 25
MAX_ATTEMPTS = 8
LEASE_SECONDS = 60
RUN_SECONDS = 25.0
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 900.0
# A call that waited for longer is no longer one.
TOO_OLD = timedelta(hours=2)
ROLES = {
    Audience.APPROVERS: {Role.APPROVER}, Audience.RESPONDERS: {Role.APPROVER, Role.RESPONDER},
}  # fmt: skip
CLAIM = """
UPDATE investigations_delivery SET epoch = epoch + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
    SELECT d.id FROM investigations_delivery d
    WHERE d.state = 'pending' AND d.not_before <= clock_timestamp()
        AND (d.lease_until IS NULL OR d.lease_until < clock_timestamp())
        AND NOT d.channel_id = ANY(%(failed)s)
    ORDER BY d.not_before, d.id FOR UPDATE SKIP LOCKED LIMIT 1
)
RETURNING id
"""


def deliver_due() -> int:
    """Make deliveries of new calls and send what is due. Returns how many were tried.

    One process at a time, and for a bounded time: a receiver that hangs takes one worker at most.
    What is left is found by the next run.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SEND_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    try:
        expand_new()
        return _send_due()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SEND_LOCK])


def expand_new() -> int:
    """Turn each new call into one delivery per channel that wants it. Returns how many calls."""
    waiting = Attention.objects.filter(expanded_at__isnull=True).order_by("pk")
    calls = list(waiting.select_related("person")[:MAX_EXPANDED])
    for call in calls:
        with transaction.atomic():
            Delivery.objects.bulk_create(_deliveries(call), ignore_conflicts=True)
            Attention.objects.filter(pk=call.pk).update(expanded_at=ClockTimestamp())
    return len(calls)


def _deliveries(call: Attention) -> list[Delivery]:
    rows = [
        Delivery(attention=call, channel=channel)
        for channel in Channel.objects.filter(person__isnull=True, is_enabled=True)[:MAX_CHANNELS]
        if _wants(channel.events, call) and (channel.has_practice or not call.is_practice)
    ]
    if call.audience == Audience.FOLLOWERS:
        return [*rows, *_for_followers(call)]
    people = User.objects.filter(is_active=True, groups__name__in=ROLES[Audience(call.audience)])
    if call.person is not None:
        people = people.filter(pk=call.person.pk)
    personal = Channel.objects.filter(person__in=people.distinct(), is_enabled=True)
    wishes = {
        wish.person_id: wish
        for wish in NotificationPreference.objects.filter(person__channels__in=personal).distinct()
    }
    now = database_now()
    for channel in personal.order_by("pk")[:MAX_CHANNELS]:
        wish = wishes.get(channel.person_id or 0)
        if wish is None:
            if not call.is_practice:
                rows.append(Delivery(attention=call, channel=channel))
        elif _wants(wish.events, call) and (wish.has_practice or not call.is_practice):
            is_quiet = in_quiet_hours(wish, now) and not (
                wish.is_woken_by_sev1 and call.kind == AttentionKind.SEVERITY
            )
            rows.append(_quiet(call, channel, now) if is_quiet
                        else Delivery(attention=call, channel=channel))  # fmt: skip
    return rows


def _for_followers(call: Attention) -> list[Delivery]:
    """Return deliveries to whoever follows the incident and may still see it.

    They asked for this very incident, so only their quiet hours stand against it.
    """
    people = User.objects.filter(
        is_active=True, groups__name__in=list(Role), followed__incident=call.incident_id
    )
    channels = Channel.objects.filter(person__in=people.distinct(), is_enabled=True)
    wishes = {
        wish.person_id: wish
        for wish in NotificationPreference.objects.filter(
            person__followed__incident=call.incident_id
        )
    }
    now, rows = database_now(), []
    for channel in channels.order_by("pk")[:MAX_CHANNELS]:
        wish = wishes.get(channel.person_id or 0)
        is_quiet = wish is not None and in_quiet_hours(wish, now)
        rows.append(_quiet(call, channel, now) if is_quiet
                    else Delivery(attention=call, channel=channel))  # fmt: skip
    return rows


def _wants(events: list[str], call: Attention) -> bool:
    """Whether a channel takes a call: a shared one takes status updates only where it says so."""
    return call.kind in events if events else call.kind in FOR_RESPONDERS


def _quiet(call: Attention, channel: Channel, now: datetime) -> Delivery:
    return Delivery(attention=call, channel=channel, state=DeliveryState.SKIPPED,
                    answer="Quiet hours.", finished_at=now)  # fmt: skip


def in_quiet_hours(wish: NotificationPreference, now: datetime) -> bool:
    """Whether the person's quiet hours hold now; they may go over midnight."""
    start, end = wish.quiet_from, wish.quiet_until
    if start is None or end is None or start == end:
        return False
    try:
        here = now.astimezone(ZoneInfo(wish.zone)).time()
    except (ZoneInfoNotFoundError, ValueError):
        here = now.time()
    return start <= here < end if start < end else here >= start or here < end


def _send_due() -> int:
    began, tried = database_now(), 0
    # A channel that fails is left alone for the rest of the run: the others do not wait for it.
    failed: list[int] = []
    while tried < MAX_SENT and (database_now() - began).total_seconds() < RUN_SECONDS:
        delivery = _claim(failed)
        if delivery is None:
            break
        tried += 1
        if not _try(delivery):
            failed.append(delivery.channel_id)
    return tried


def _claim(failed: list[int]) -> Delivery | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"lease": LEASE_SECONDS, "failed": failed})
        row = cursor.fetchone()
    if row is None:
        return None
    return Delivery.objects.select_related("attention__incident", "channel__person").get(pk=row[0])


def _try(delivery: Delivery) -> bool:
    """Send one and write what came of it, if the claim still holds. Returns whether it went well."""
    channel = delivery.channel
    now = database_now()
    if now - delivery.created_at > TOO_OLD:
        outcome = Outcome(is_sent=False, answer="Too late to be of use.", is_final=True)
    elif not channel.is_enabled or (channel.person and not channel.person.is_active):
        outcome = Outcome(is_sent=False, answer="The channel is off.", is_final=True)
    else:
        outcome = _send(delivery)
    _settle(delivery, outcome)
    return outcome.is_sent


def _settle(delivery: Delivery, outcome: Outcome) -> None:
    is_over = outcome.is_sent or outcome.is_final or delivery.attempts >= MAX_ATTEMPTS
    if delivery.attention is None:
        is_over = True  # a test is tried once: the person sees the answer and decides
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (delivery.attempts - 1))
    state = DeliveryState.SENT if outcome.is_sent else (
        DeliveryState.FAILED if is_over else DeliveryState.PENDING
    )  # fmt: skip
    with transaction.atomic():
        mine = Delivery.objects.filter(
            pk=delivery.pk, epoch=delivery.epoch, state=DeliveryState.PENDING
        )
        changed = mine.update(
            state=state, answer=outcome.answer[:400], lease_until=None,
            not_before=ClockTimestamp() + timedelta(seconds=wait),
            finished_at=ClockTimestamp() if is_over else None,
        )  # fmt: skip
        if not changed:
            log.info("notification.taken_over", delivery=delivery.pk)
            return
        row = Channel.objects.filter(pk=delivery.channel_id)
        if outcome.is_sent:
            row.update(succeeded_at=ClockTimestamp(), error="")
        else:
            row.update(failed_at=ClockTimestamp(), error=outcome.answer[:400])
        if outcome.is_gone and delivery.channel.kind == ChannelKind.PUSH:
            row.update(is_enabled=False, error="The browser has unsubscribed.")


@dataclass(frozen=True, slots=True)
class _Parts:
    title: str
    text: str
    path: str
    kind: str


def _send(delivery: Delivery) -> Outcome:
    channel, call = delivery.channel, delivery.attention
    parts = (
        _Parts(call.title, call.text, call.path, call.kind) if call
        else _Parts("Test of SRE Workspace", "Messages arrive here.", "/settings/notifications/",
                    "test")
    )  # fmt: skip
    message = Message(
        title=parts.title, text=parts.text, path=parts.path, kind=parts.kind,
        link=f"{settings.PUBLIC_URL}{parts.path}", dedup=delivery.dedup,
    )  # fmt: skip
    if channel.kind == ChannelKind.EMAIL:
        return mail.send_mail(message, address=channel.target)
    if channel.kind == ChannelKind.WEBHOOK:
        return webhook.send_webhook(
            message, url=channel.target, secret=secret_of(channel),
            is_slack=channel.format == WebhookFormat.SLACK, hosts=allowed_hosts(),
        )  # fmt: skip
    if not settings.VAPID["private_key"]:
        return Outcome(is_sent=False, answer="No VAPID key is configured.", is_final=True)
    return push.send_push(
        message,
        to=push.Subscription(channel.target, channel.keys["p256dh"], channel.keys["auth"]),
        sender=push.Sender(settings.VAPID["private_key"], settings.VAPID["subject"]),
        hosts=allowed_hosts(is_push=True),
    )  # fmt: skip


def forget_old(*, keep: timedelta = timedelta(days=30), limit: int = 1000) -> int:
    """Delete calls that are long over, with their deliveries. Returns how many rows."""
    old = Attention.objects.filter(
        ~Q(deliveries__state=DeliveryState.PENDING), created_at__lt=database_now() - keep
    )
    ids = list(old.order_by("pk").values_list("pk", flat=True).distinct()[:limit])
    return Attention.objects.filter(pk__in=ids).delete()[0]
