"""Evidence: immutable, cited facts."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from investigations.enums import EvidenceKind
from investigations.models.incident import Investigation

HURT_FEATURES = ("latency_rise", "error_rise")
"""What a resource shows that is hurt itself: it is slow, or its requests fail."""


class Evidence(models.Model):
    """A fact on the board with the query that gave it. A trigger refuses UPDATE and DELETE.

    ``feature`` is the typed finding behind the claim (``latency_rise``, ``oom_kill``...) and
    ``magnitude`` its size in ``unit``; ``step_key`` makes posting idempotent; ``ingestion_path``
    names the way the data came (two kinds from one path are not independent); ``is_tainted`` says
    that the claim quotes text an outsider may have written.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="evidence"
    )
    number = models.PositiveIntegerField()
    step_key = models.CharField(max_length=300)
    author = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=EvidenceKind.choices)
    claim = models.CharField(max_length=500)
    resource = models.CharField(max_length=200, blank=True)
    peer = models.CharField(max_length=200, blank=True)
    feature = models.CharField(max_length=64, blank=True)
    magnitude = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=32, blank=True)
    onset_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=64, blank=True)
    query = models.TextField(blank=True)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    result_digest = models.CharField(max_length=64, blank=True)
    sample = models.JSONField(default=dict)
    source_link = models.CharField(max_length=500, blank=True)
    duration_seconds = models.FloatField(default=0.0)
    truncated_count = models.PositiveIntegerField(default=0)
    ingestion_path = models.CharField(max_length=128, blank=True)
    is_tainted = models.BooleanField(default=False)
    challenges = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="challenged_by",
    )
    tags = ArrayField(models.CharField(max_length=64), default=list)
    posted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "step_key"), name="evidence_once_per_step"
            ),
            models.UniqueConstraint(
                fields=("investigation", "number"), name="evidence_number_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["gap", "note"]) | ~Q(query=""),
                name="evidence_cites_a_query",
            ),
        )
        # Where was a service hurt? Of all evidence only the little that tells it.
        indexes = (
            models.Index(
                fields=["resource", "-investigation"], name="evidence_hurt_by_resource",
                condition=Q(feature__in=HURT_FEATURES, magnitude__isnull=False, peer=""),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"E{self.number}"
