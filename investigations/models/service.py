"""What is known of each service: who owns it, what it last measured, what was changed on it."""

from django.db import models
from django.db.models.functions import Now


class Tier(models.TextChoices):
    """How much it matters when the service is hurt. Set by people."""

    UNKNOWN = "", "not set"
    CRITICAL = "critical", "critical: users are hurt at once"
    IMPORTANT = "important", "important: users notice"
    SUPPORTING = "supporting", "supporting: nobody notices for a while"


class Service(models.Model):
    """A resource of the topology with what people say of it.

    ``key`` is the resource key (``service/payments``); ``slug`` its place in addresses. ``seen_at``
    is when a topology source last knew it. Rows are never deleted: incidents refer to the key.
    ``objective``: the per cent of requests that must succeed over 30 days; null: nobody has said.
    ``budget_left`` is the share of the error budget that is not spent (below 0: overspent), null
    where the source does not tell; ``budget_hours`` of the 30 days are known.
    """

    key = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=16, choices=Tier.choices, blank=True, default=Tier.UNKNOWN)
    objective = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    budget_left = models.FloatField(null=True, blank=True)
    budget_hours = models.PositiveIntegerField(default=0)
    budget_read_at = models.DateTimeField(null=True, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    description = models.CharField(max_length=500, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "key")

    def __str__(self) -> str:
        return self.name

    @property
    def budget_overspent(self) -> float:
        """By how much more than the whole budget was spent, as a share of it."""
        return max(0.0, -(self.budget_left or 0.0))


class ServiceReading(models.Model):
    """The last value of one semantic series of a service, and its usual range before that.

    ``usual_low`` and ``usual_high`` are the median of the window's samples but the last three, minus
    and plus three robust deviations; null with too few of them.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="readings")
    semantic = models.CharField(max_length=64)
    unit = models.CharField(max_length=32, blank=True)
    value = models.FloatField()
    usual_low = models.FloatField(null=True, blank=True)
    usual_high = models.FloatField(null=True, blank=True)
    samples = models.PositiveIntegerField(default=0)
    points = models.JSONField(default=list)
    source = models.CharField(max_length=64, blank=True)
    query = models.TextField(blank=True)
    window_start = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta:
        ordering = ("semantic",)
        constraints = (
            models.UniqueConstraint(fields=("service", "semantic"), name="reading_once"),
        )

    def __str__(self) -> str:
        return f"{self.semantic} of {self.service}"


class ServiceChange(models.Model):
    """A change that the change feed told of. Text of others: shown as text."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="changes")
    change_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=32)
    summary = models.CharField(max_length=300)
    author = models.CharField(max_length=100, blank=True)
    revision_before = models.CharField(max_length=100, blank=True)
    revision_after = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("service", "change_id"), name="change_once"),
        )
        indexes = (models.Index(fields=["service", "-at"], name="change_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.service} at {self.at:%Y-%m-%d %H:%M}"
