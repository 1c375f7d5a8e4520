"""What calls for a person outside the page, where it is sent, and what became of each message."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from investigations.models.incident import Incident


class AttentionKind(models.TextChoices):
    """Why somebody is called."""

    ACTION_PROPOSED = "action_proposed", "an action waits for approval"
    ACTION_QUORUM = "action_quorum", "an action needs one more approval"
    ACTION_FAILED = "action_failed", "an action failed"
    ACTION_UNDONE = "action_undone", "an action was undone"
    ACTION_BACK_AND_FORTH = "action_back_and_forth", "an action would go back and forth"
    DISAGREEMENT = "disagreement", "the evidence disagrees"
    HANDOFF = "handoff", "an incident is handed over"
    SEVERITY = "severity", "an incident is SEV1"
    STATUS = "status", "a status update is posted"


FOR_RESPONDERS = [kind for kind in AttentionKind if kind != AttentionKind.STATUS]
"""What people are called for by their role. A status update calls those who follow it."""


class Audience(models.TextChoices):
    """Who may act on it."""

    APPROVERS = "approvers"
    RESPONDERS = "responders"
    FOLLOWERS = "followers"


class Attention(models.Model):
    """One reason to call somebody: the outbox, written in the transaction of its event.

    ``dedup_key`` makes it once. ``person``: only that one is called. ``title`` and ``text`` are
    neutral already (:func:`investigations.domain.attention.neutral`).
    """

    kind = models.CharField(max_length=32, choices=AttentionKind.choices)
    dedup_key = models.CharField(max_length=200, unique=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="attention")
    audience = models.CharField(max_length=16, choices=Audience.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=500, blank=True)
    path = models.CharField(max_length=200)
    is_practice = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    expanded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "attention"
        indexes = (
            models.Index(
                fields=["id"], name="attention_to_expand", condition=Q(expanded_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.title


class ChannelKind(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", "e-mail"
    WEBHOOK = "webhook", "webhook"
    PUSH = "push", "browser"


class WebhookFormat(models.TextChoices):
    """What a webhook is sent."""

    PLAIN = "plain", "JSON of this product"
    SLACK = "slack", "Slack-compatible"


class Channel(models.Model):
    """Where messages go: a person's e-mail or browser, or (``person`` empty) a shared webhook.

    ``target`` is an address or an endpoint. A webhook's signing secret is derived from the
    installation's key and ``nonce``; it is never stored. ``keys`` are a browser's public keys.
    """

    kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE,
        related_name="channels",
    )  # fmt: skip
    name = models.CharField(max_length=64)
    target = models.CharField(max_length=1000)
    keys = models.JSONField(default=dict, blank=True)
    nonce = models.CharField(max_length=32, blank=True)
    format = models.CharField(
        max_length=16, choices=WebhookFormat.choices, default=WebhookFormat.PLAIN
    )
    events = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    has_practice = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    created_by = models.CharField(max_length=160)
    created_at = models.DateTimeField(db_default=Now())
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("kind", "target", "person"), name="channel_once"),
            models.UniqueConstraint(
                fields=("kind", "target"),
                condition=Q(person__isnull=True),
                name="channel_shared_once",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"


class DeliveryState(models.TextChoices):
    """Where one message stands."""

    PENDING = "pending", "waits to be sent"
    SENT = "sent", "sent"
    FAILED = "failed", "given up"
    SKIPPED = "skipped", "not sent"


class Delivery(models.Model):
    """One message to one channel. At least once: ``dedup`` tells the receiver of a repeat.

    ``attention`` empty: a test. Claimed by lease and epoch; tried again at ``not_before``.
    """

    attention = models.ForeignKey(
        Attention, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(
        max_length=16, choices=DeliveryState.choices, default=DeliveryState.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=("attention", "channel"), name="delivery_once"),
        )
        indexes = (
            models.Index(
                fields=["not_before"], name="delivery_pending", condition=Q(state="pending")
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"

    @property
    def dedup(self) -> str:
        """What a receiver can tell a repeat by."""
        return (
            f"{self.attention.dedup_key}/{self.channel_id}" if self.attention else f"test/{self.pk}"
        )


class NotificationPreference(models.Model):
    """What a person wants to be called for, and when not. No row: everything, at any time.

    Quiet hours are in ``zone``; SEV1 comes through them if ``is_woken_by_sev1``.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_preference"
    )
    events = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    is_woken_by_sev1 = models.BooleanField(default=True)
    has_practice = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"preferences of {self.person}"


class OutboundHost(models.Model):
    """A host that webhooks may be sent to. ``is_internal``: private addresses and http as well."""

    host = models.CharField(max_length=253, unique=True)
    is_internal = models.BooleanField(default=False)
    added_by = models.CharField(max_length=160)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("host",)

    def __str__(self) -> str:
        return self.host
