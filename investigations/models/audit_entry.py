"""The audit log: who did what, append-only and hash-chained."""

from django.db import models


class AuditEntry(models.Model):
    """One deed of a person or of the system. A trigger refuses UPDATE and DELETE.

    Written in the transaction of the deed itself: if it fails, the deed fails.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    verb = models.CharField(max_length=64)
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = (models.Index(fields=["subject"], name="audit_subject"),)

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.subject}"
