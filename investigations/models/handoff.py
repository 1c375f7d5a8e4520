"""Handoffs: one person's note to the next one who will lead."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from investigations.enums import HandoffState
from investigations.models.incident import Investigation


class Handoff(models.Model):
    """A note with which the lead is offered to ``to``, or to whoever takes it (``to`` empty).

    At most one waits per investigation. ``check_at`` is when the next look is due.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="handoffs"
    )
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=16, choices=HandoffState.choices, default=HandoffState.PENDING
    )
    author = models.CharField(max_length=160)
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL,
        related_name="handoffs",
    )  # fmt: skip
    to_name = models.CharField(max_length=150, blank=True)
    standing = models.TextField(max_length=2000, blank=True)
    leading = models.TextField(max_length=2000, blank=True)
    tried = models.TextField(max_length=2000, blank=True)
    waiting = models.TextField(max_length=2000, blank=True)
    risks = models.TextField(max_length=2000, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("investigation", "number"), name="handoff_number_once"),
            models.UniqueConstraint(
                fields=("investigation",),
                condition=Q(state=HandoffState.PENDING),
                name="handoff_one_waits",
            ),
        )

    def __str__(self) -> str:
        return f"N{self.number} to {self.to_name or 'whoever takes it'}"
