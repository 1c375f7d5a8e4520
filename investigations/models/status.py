"""What people outside the room are told: status updates, and the links they read them by."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from investigations.models.incident import Incident, Investigation


class StatusUpdate(models.Model):
    """What a responder tells the people who wait. ``next_due_at``: when the next one is promised."""

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="updates"
    )
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=1000)
    impact = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=160)
    posted_at = models.DateTimeField()
    next_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("investigation", "number"), name="update_number_once"),
        )

    def __str__(self) -> str:
        return f"U{self.number}: {self.text[:40]}"

    def due_at(self, incident: Incident) -> datetime | None:
        """Return when the next one is due: none is, once the incident is over."""
        return None if incident.is_over else self.next_due_at


class ShareLink(models.Model):
    """A way to read an incident's status without an account.

    Only the token's SHA-256 is kept: the token itself is shown once. ``form_key`` makes asking
    twice with one form give one link. ``burst_*`` count the readings of the running minute.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="share_links")
    number = models.PositiveIntegerField()
    token_hash = models.CharField(max_length=64, unique=True)
    form_key = models.CharField(max_length=64)
    author = models.CharField(max_length=160)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    burst_at = models.DateTimeField(null=True, blank=True)
    burst_uses = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("incident", "number"), name="share_number_once"),
            models.UniqueConstraint(fields=("incident", "form_key"), name="share_once_per_form"),
        )

    def __str__(self) -> str:
        return f"L{self.number} of INC-{self.incident_id}"


class StatusFollower(models.Model):
    """A person who wants to be told of an incident's status updates, by their own channels."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="followers")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="followed"
    )
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("incident", "person"), name="follower_once"),
        )

    def __str__(self) -> str:
        return f"{self.person} follows INC-{self.incident_id}"
