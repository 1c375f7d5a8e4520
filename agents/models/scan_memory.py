"""What background scans remember from look to look."""

from django.db import models


class UsualHours(models.Model):
    """What one series of a resource usually is, by hour of the week.

    ``buckets``: see :class:`agents.detectors.usual_week.UsualWeek`; samples up to ``learned_until``
    are in it.
    """

    resource = models.CharField(max_length=200)
    semantic = models.CharField(max_length=64)
    unit = models.CharField(max_length=32, blank=True)
    buckets = models.JSONField()
    learned_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "usual hours"
        constraints = (
            models.UniqueConstraint(fields=("resource", "semantic"), name="usual_hours_once"),
        )

    def __str__(self) -> str:
        return f"{self.semantic} of {self.resource}"


class SeenSettings(models.Model):
    """The settings of a workload as they were last seen and explained: name to [shown, keyed digest]."""

    resource = models.CharField(max_length=200, unique=True)
    settings = models.JSONField(default=dict)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "seen settings"

    def __str__(self) -> str:
        return f"settings of {self.resource}"
