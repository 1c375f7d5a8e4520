"""What background scans found: not incidents, but work for somebody."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from investigations.models.incident import Incident


class ScanName(models.TextChoices):
    """The scans there are."""

    ALERT_HYGIENE = "alert_hygiene", "alert hygiene"
    MEMORY_GROWTH = "memory_growth", "slow memory growth"
    RECURRENCE = "recurrence", "what recurs"
    CONFIG_DRIFT = "config_drift", "drift of settings"
    COST = "cost", "replicas without a load"
    UNUSUAL_HOUR = "unusual_hour", "unusual for the hour"
    TRIGGERS = "triggers", "bounds that are passed"


class FindingState(models.TextChoices):
    """Where a finding stands. ``gone``: the last scan did not see it any more."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    GONE = "gone", "no longer seen"


class ScanFinding(models.Model):
    """One thing a scan found, once per ``key``; seeing it again only moves ``last_seen_at``.

    ``facts`` is a list of [label, value] as shown; ``query`` says what was asked to find it.
    """

    scan = models.CharField(max_length=32, choices=ScanName.choices)
    key = models.CharField(max_length=400)
    title = models.CharField(max_length=300)
    advice = models.CharField(max_length=300, blank=True)
    resource = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=list)
    source = models.CharField(max_length=64, blank=True)
    query = models.TextField(blank=True)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    state = models.CharField(max_length=16, choices=FindingState.choices, default=FindingState.OPEN)
    owner = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("scan", "key"), name="finding_once"),
            models.CheckConstraint(
                condition=~Q(state="dismissed") | ~Q(reason=""),
                name="finding_dismissed_for_a_reason",
            ),
        )

    def __str__(self) -> str:
        return self.title
