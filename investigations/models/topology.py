"""The dependencies between services that we have learned, kept current by every investigation."""

from django.db import models


class ServiceDependency(models.Model):
    """``caller`` depends on ``callee`` (resource keys), as last seen in ``source``."""

    caller = models.CharField(max_length=200)
    callee = models.CharField(max_length=200)
    source = models.CharField(max_length=64)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "service dependencies"
        constraints = (
            models.UniqueConstraint(fields=("caller", "callee", "source"), name="dependency_once"),
        )
        indexes = (models.Index(fields=["callee"], name="dependency_callee"),)

    def __str__(self) -> str:
        return f"{self.caller} -> {self.callee}"
