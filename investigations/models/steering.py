"""What people ask of the agents."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from investigations.enums import SteeringKind, SteeringState
from investigations.models.incident import Investigation


class SteeringMessage(models.Model):
    """A person's message to the agents, with its delivery. Never evidence by itself.

    ``agent`` is empty for all agents; ``subject`` names what it is about (``E12``, ``H3``).
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="steering"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=SteeringKind.choices)
    agent = models.CharField(max_length=32, blank=True)
    subject = models.CharField(max_length=32, blank=True)
    text = models.CharField(max_length=1000)
    author = models.CharField(max_length=100)
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    state = models.CharField(
        max_length=16, choices=SteeringState.choices, default=SteeringState.SENT
    )
    reply = models.CharField(max_length=500, blank=True)
    posted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("investigation", "number"), name="steering_once"),
        )

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40]}"
