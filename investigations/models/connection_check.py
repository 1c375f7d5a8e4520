"""What the last test of a connection found."""

from django.db import models
from django.db.models.functions import Now


class ConnectionCheck(models.Model):
    """One connected part, as a worker last saw it. ``sample`` is what the system really answered."""

    class Status(models.TextChoices):
        """How it went."""

        WAITING = "waiting", "being tested"
        OK = "ok", "answers"
        NO_DATA = "no_data", "answers, but has nothing"
        PARTIAL = "partial", "answers in part"
        ERROR = "error", "does not answer"

    part = models.CharField(max_length=32, unique=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    sentence = models.CharField(max_length=400, blank=True)
    query = models.TextField(blank=True)
    sample = models.JSONField(default=list)
    seconds = models.FloatField(null=True, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.part}: {self.status}"
