"""Alerts as received, and the tokens that may send them."""

from django.db import models
from django.db.models.functions import Now

from investigations.enums import AlertStatus
from investigations.models.incident import Incident


class Alert(models.Model):
    """One firing from a source. A repeated delivery raises ``deliveries`` and changes nothing else.

    ``fingerprint`` is the source's own identity of the alert; with ``starts_at`` it is one firing.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="alerts")
    source = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=128)
    name = models.CharField(max_length=200)
    resource = models.CharField(max_length=200)
    semantic = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, choices=AlertStatus.choices)
    severity_label = models.CharField(max_length=32, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    deliveries = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("source", "fingerprint", "starts_at"),
                name="alert_one_row_per_firing",
            ),
        )
        indexes = (models.Index(fields=["resource", "-incident"], name="alert_by_resource"),)

    def __str__(self) -> str:
        return f"{self.name} on {self.resource}"


class IntakeToken(models.Model):
    """A bearer token of a webhook sender: only its SHA-256 is kept."""

    name = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
