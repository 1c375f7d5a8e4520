"""Incident: a degradation being handled. Investigation: the agents' and people's work on it."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from pgvector.django import HnswIndex, VectorField

from investigations.enums import (
    OVER_STATES,
    IncidentOrigin,
    IncidentState,
    InvestigationState,
    Severity,
)

EMBEDDING_DIMENSIONS = 384


class Incident(models.Model):
    """A degradation, from open to resolved. Shown as ``INC-<id>``.

    ``resource`` is the key of the symptom's resource (``service/payments``); ``symptom`` one
    sentence of what users see; ``semantic`` the meaning of the triggering series, if known.
    """

    title = models.CharField(max_length=300)
    symptom = models.CharField(max_length=500, blank=True)
    state = models.CharField(
        max_length=16, choices=IncidentState.choices, default=IncidentState.OPEN
    )
    severity = models.CharField(max_length=8, choices=Severity.choices)
    severity_reasons = models.JSONField(default=list)
    origin = models.CharField(max_length=16, choices=IncidentOrigin.choices)
    resource = models.CharField(max_length=200)
    semantic = models.CharField(max_length=64, blank=True)
    environment = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(help_text="When the symptom began, UTC.")
    opened_at = models.DateTimeField(db_default=Now(), db_index=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    resolution = models.CharField(max_length=500, blank=True)
    lead = models.CharField(max_length=150, blank=True, help_text="Username of who leads it.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    merged_by = models.CharField(max_length=150, blank=True)
    merge_reason = models.CharField(max_length=500, blank=True)
    absorbed = models.JSONField(
        default=list, blank=True, help_text="Ids of the incidents that were merged into this one."
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | Q(state=IncidentState.RESOLVED),
                name="incident_resolved_has_state",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) ^ Q(state=IncidentState.MERGED),
                name="incident_merged_has_another",
            ),
        )
        # For the lists, which are sorted by these and then newest first.
        indexes = (
            models.Index(fields=["state", "-id"], name="incident_by_state"),
            models.Index(fields=["severity", "-id"], name="incident_by_severity"),
            models.Index(fields=["resource", "-id"], name="incident_by_resource"),
            # What has just been resolved, among all there ever were.
            models.Index(fields=["-resolved_at"], name="incident_by_resolution"),
        )

    def __str__(self) -> str:
        return f"INC-{self.pk}"

    @property
    def is_over(self) -> bool:
        """Whether nothing is owed here any more: resolved, or merged into another."""
        return self.state in OVER_STATES


class Investigation(models.Model):
    """One run of agents and people on an incident, with its board and its budget.

    ``telemetry`` says what is asked (see ``telemetry.backends.open_sources``); ``scope`` is what
    the scope step decided: affected resources and the plan of each specialist. Budgets are hard;
    ``*_used`` only rise. ``paused_agents`` maps a paused specialist to who paused it.
    ``last_sequence`` and ``last_hash`` are the head of the journal. ``lanes_until`` is up to when the
    timeline's series were read after the window, ``lanes_read_at`` when that was last tried.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="investigations")
    state = models.CharField(
        max_length=16,
        choices=InvestigationState.choices,
        default=InvestigationState.PENDING,
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True)
    paused_agents = models.JSONField(default=dict, blank=True)
    telemetry = models.JSONField(default=dict)
    scope = models.JSONField(default=dict)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    baseline_start = models.DateTimeField()
    baseline_end = models.DateTimeField()
    round = models.PositiveIntegerField(default=0)
    budget_seconds = models.FloatField(default=120.0)
    budget_queries = models.PositiveIntegerField(default=600)
    budget_rows = models.PositiveIntegerField(default=2_000_000)
    used_seconds = models.FloatField(default=0.0)
    used_queries = models.PositiveIntegerField(default=0)
    used_rows = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    last_sequence = models.PositiveIntegerField(default=0)
    last_hash = models.CharField(max_length=64, blank=True)
    lanes_until = models.DateTimeField(null=True, blank=True)
    lanes_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(window_end__gt=F("window_start")),
                name="investigation_window_order",
            ),
        )

    def __str__(self) -> str:
        return f"investigation {self.pk} of INC-{self.incident_id}"

    @property
    def seen_until(self) -> datetime:
        """Up to when its series were read: the end of the time axis."""
        return max(self.window_end, self.lanes_until or self.window_end)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended (a person's post may start another round)."""
        return self.state in {
            InvestigationState.CONCLUDED,
            InvestigationState.STOPPED,
            InvestigationState.FAILED,
        }


class IncidentMemory(models.Model):
    """What is remembered of an incident for search: its text, words and similarity vector.

    ``fault_class`` and ``verdict`` are those of the newest diagnosis, ``action`` the kind of the
    action that helped; ``signs`` are the typed findings that were there.
    """

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="memory")
    text = models.TextField()
    words = SearchVectorField(null=True)
    embedding = VectorField(dimensions=EMBEDDING_DIMENSIONS, null=True)
    model_name = models.CharField(max_length=64, blank=True)
    fault_class = models.CharField(max_length=64, blank=True)
    verdict = models.CharField(max_length=16, blank=True)
    action = models.CharField(max_length=32, blank=True)
    signs = ArrayField(models.CharField(max_length=64), default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = (
            GinIndex(fields=["words"], name="memory_words_gin"),
            models.Index(fields=["fault_class", "-incident"], name="memory_by_fault"),
            models.Index(fields=["verdict", "-incident"], name="memory_by_verdict"),
            models.Index(fields=["action", "-incident"], name="memory_by_action"),
            HnswIndex(
                name="memory_embedding_hnsw",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
        )

    def __str__(self) -> str:
        return f"memory of INC-{self.incident_id}"
