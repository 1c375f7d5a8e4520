"""Calibration maps that graded outcomes of this organisation gave."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class CalibrationFit(models.Model):
    """A proposed map. The newest that a person accepted is in use; else the shipped one.

    ``before`` and ``after``: ``{brier, ece, sure_and_wrong}`` of the graded diagnoses, ``after`` by
    maps that had not seen the diagnosis they judged.
    """

    version = models.CharField(max_length=64, unique=True)
    cases = models.PositiveIntegerField()
    coefficients = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    fitted_at = models.DateTimeField(db_default=Now())
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"calibration {self.version} ({self.cases} cases)"
