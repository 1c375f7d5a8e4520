"""What may run at all: the kill switch, freezes, and earned autonomy."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from remediation.enums import Autonomy


class KillSwitch(models.Model):
    """A scope in which nothing may be executed while engaged. ``global`` always has a row."""

    scope = models.CharField(max_length=64, unique=True)
    is_engaged = models.BooleanField(default=False)
    engaged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "kill switches"

    def __str__(self) -> str:
        return f"{self.scope}: {'engaged' if self.is_engaged else 'released'}"


class ChangeFreeze(models.Model):
    """A time in which nothing may be changed. ``environment`` empty: everywhere."""

    environment = models.CharField(max_length=64, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"freeze: {self.reason}"


class AutonomyRecord(models.Model):
    """How far an action kind is trusted for a service, and why."""

    kind = models.CharField(max_length=32)
    service = models.CharField(max_length=200)
    phase = models.CharField(max_length=16, choices=Autonomy.choices, default=Autonomy.ASSIST)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "service"), name="autonomy_once"),)

    def __str__(self) -> str:
        return f"{self.kind} on {self.service}: {self.phase}"
