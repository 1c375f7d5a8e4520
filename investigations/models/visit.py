"""What a person has seen of an incident, and until when they do not want to be asked."""

from django.conf import settings
from django.db import models

from investigations.models.incident import Incident


class Visit(models.Model):
    """One person and one incident: how far they read its journal, and when.

    ``seen_at`` is null while they only snoozed it. ``snoozed_until`` hides it from their inbox.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visits"
    )
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="visits")
    seen_sequence = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "incident"), name="visit_once"),)
        # Who looks right now.
        indexes = (models.Index(fields=["-seen_at"], name="visit_by_time"),)

    def __str__(self) -> str:
        return f"{self.person} read INC-{self.incident_id} up to {self.seen_sequence}"
