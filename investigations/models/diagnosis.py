"""Diagnosis: what one reconciliation concluded."""

from django.db import models
from django.db.models.functions import Now

from investigations.enums import DiagnosisVerdict
from investigations.models.hypothesis import Hypothesis
from investigations.models.incident import Investigation


class Diagnosis(models.Model):
    """A verdict with its citations. Immutable: a later round adds another; the newest counts.

    ``rules``: list of ``{name, passed, detail}``; ``causal_chain``: list of ``{resource, label, confidence,
    onset_at, evidence, is_inferred}`` from cause to symptom; ``treatments``: list of
    ``{action, resource, reason, change_id, is_relief}`` that remediation may plan from; ``comes_back``:
    what causes it goes on while the symptom pauses, until one that is no relief is done; ``blamed``:
    the change that the cause blames, ``{text, evidence}``, or empty; ``dissent``,
    ``gaps``: lists of ``{agent|source, text, evidence}``; ``cited``: evidence numbers;
    ``claim``: what the first candidate claimed before calibration, with the map's version.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="diagnoses"
    )
    number = models.PositiveIntegerField()
    step_key = models.CharField(max_length=200)
    verdict = models.CharField(max_length=16, choices=DiagnosisVerdict.choices)
    hypothesis = models.ForeignKey(
        Hypothesis,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="diagnoses",
    )
    resource = models.CharField(max_length=200, blank=True)
    fault_class = models.CharField(max_length=64, blank=True)
    change_id = models.CharField(max_length=200, blank=True)
    summary = models.TextField()
    happening = models.TextField(blank=True)
    confidence = models.FloatField(null=True, blank=True)
    claim = models.JSONField(default=dict)
    sources_answered = models.PositiveIntegerField(default=0)
    sources_asked = models.PositiveIntegerField(default=0)
    cited = models.JSONField(default=list)
    rules = models.JSONField(default=list)
    gaps = models.JSONField(default=list)
    dissent = models.JSONField(default=list)
    agreement = models.JSONField(default=list)
    would_change = models.CharField(max_length=500, blank=True)
    next_steps = models.JSONField(default=list)
    causal_chain = models.JSONField(default=list)
    contributing = models.JSONField(default=list)
    treatments = models.JSONField(default=list)
    comes_back = models.BooleanField(default=False)
    blamed = models.JSONField(default=dict)
    steered_by = models.JSONField(
        default=list, help_text="Ids of the people whose messages began the round that found it."
    )
    reached_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-number",)
        verbose_name_plural = "diagnoses"
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "number"), name="diagnosis_number_once"
            ),
            models.UniqueConstraint(
                fields=("investigation", "step_key"), name="diagnosis_once_per_step"
            ),
        )
        indexes = (
            models.Index(fields=["resource", "-investigation"], name="diagnosis_by_resource"),
        )

    def __str__(self) -> str:
        return f"D{self.number}: {self.verdict}"
