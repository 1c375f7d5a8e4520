"""Hypotheses and what the evidence says of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from investigations.enums import HypothesisState, StanceKind, TestVerdict
from investigations.models.evidence import Evidence
from investigations.models.incident import Investigation


class Hypothesis(models.Model):
    """A candidate cause: resource x fault class, or a person's free claim (``fault_class`` empty).

    ``posterior`` is null until a test has run ("Not tested", never 0 %). ``author`` is
    ``agent/<name>`` or ``person/<username>``.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="hypotheses"
    )
    number = models.PositiveIntegerField()
    claim = models.CharField(max_length=500)
    resource = models.CharField(max_length=200, blank=True)
    fault_class = models.CharField(max_length=64, blank=True)
    change_id = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=100)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    state = models.CharField(
        max_length=16, choices=HypothesisState.choices, default=HypothesisState.PROPOSED
    )
    verdict = models.CharField(
        max_length=16, choices=TestVerdict.choices, default=TestVerdict.UNTESTED
    )
    prior = models.FloatField(null=True, blank=True)
    posterior = models.FloatField(null=True, blank=True)
    supports_count = models.PositiveIntegerField(default=0)
    refutes_count = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    ruled_out_by = models.CharField(max_length=700, blank=True)
    posted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("number",)
        verbose_name_plural = "hypotheses"
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "number"), name="hypothesis_number_once"
            ),
            models.UniqueConstraint(
                fields=("investigation", "resource", "fault_class"),
                condition=~Q(fault_class=""),
                name="hypothesis_once_per_cause",
            ),
            models.CheckConstraint(
                condition=Q(posterior__isnull=True) | Q(posterior__gte=0.01, posterior__lte=0.99),
                name="hypothesis_posterior_never_certain",
            ),
        )
        indexes = (
            models.Index(fields=["resource", "-investigation"], name="hypothesis_by_resource"),
        )

    def __str__(self) -> str:
        return f"H{self.number}"


class Stance(models.Model):
    """What one piece of evidence says of one hypothesis: a log-likelihood ratio in decibans.

    Positive weights support. ``rule`` names the prediction of the fault model that was met or
    missed; the pair (evidence, hypothesis) has one stance, replaced when it is examined anew.
    """

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="stances")
    hypothesis = models.ForeignKey(Hypothesis, on_delete=models.PROTECT, related_name="stances")
    kind = models.CharField(max_length=16, choices=StanceKind.choices)
    weight_decibans = models.FloatField(default=0.0)
    rule = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=100)
    recorded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("evidence", "hypothesis"), name="stance_once"),
        )

    def __str__(self) -> str:
        return f"{self.evidence} {self.kind} {self.hypothesis}"
