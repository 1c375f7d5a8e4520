"""The post-mortem: every version of every section."""

from django.db import models

from investigations.enums import ReportOrigin, ReportSection
from investigations.models.incident import Investigation


class ReportText(models.Model):
    """One version of one section, in Markdown. A trigger refuses UPDATE and DELETE.

    The newest version counts. ``origin`` says whether code drafted it from the journal, a person
    edited it, or an older one was restored.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="report_texts"
    )
    section = models.CharField(max_length=16, choices=ReportSection.choices)
    version = models.PositiveIntegerField()
    body = models.TextField(blank=True)
    origin = models.CharField(max_length=16, choices=ReportOrigin.choices)
    author = models.CharField(max_length=160)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ("section", "version")
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "section", "version"), name="report_version_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.section} v{self.version}"
