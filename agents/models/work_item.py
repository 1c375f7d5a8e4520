"""Work items: the steps of an investigation, claimed by lease and epoch."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.enums import WorkKind, WorkState
from investigations.models import Investigation


class WorkItem(models.Model):
    """One step. ``epoch`` rises with every claim: a worker whose epoch is old writes nothing.

    ``step_key`` is the step's identity within its investigation, whatever the attempt. ``subject``
    names the messages of people that asked for it (``S3 S5``). ``result`` is what it did: counts,
    and its queries as ``[kind, query, status, seconds, rows]``, at most 60.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.CASCADE, related_name="work_items"
    )
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in WorkKind])
    agent = models.CharField(max_length=32)
    step_key = models.CharField(max_length=200)
    subject = models.CharField(max_length=200, blank=True)
    round = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=16,
        choices=[(s.value, s.value) for s in WorkState],
        default=WorkState.PENDING.value,
    )
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    queries = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    error = models.CharField(max_length=500, blank=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "step_key"), name="work_item_once_per_step"
            ),
        )
        indexes = (
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["pending", "leased"]),
                name="work_item_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step_key} of investigation {self.investigation_id}"
