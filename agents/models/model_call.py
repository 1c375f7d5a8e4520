"""The ledger of what was asked of a language model."""

from django.db import models
from django.db.models.functions import Now

from agents.enums import CallOutcome
from investigations.models import Investigation


class ModelCall(models.Model):
    """One question to a model, all its attempts together.

    The row is written before anything is sent, with ``reserved_tokens``: what all
    its attempts may use at most. A row that a dead worker left ASKED counts with them.
    ``request_digest`` is the SHA-256 of the redacted request; ``answer`` what remained of the
    reply after its checks, so that a step that is tried again does not ask again. ``cost_cents`` is
    null where the price is not known. ``used_at``: when the answer went to the board.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.CASCADE, related_name="model_calls"
    )
    step_key = models.CharField(max_length=200)
    attempt = models.PositiveIntegerField(default=1)
    role = models.CharField(max_length=16)
    provider = models.CharField(max_length=32)
    model = models.CharField(max_length=128)
    outcome = models.CharField(
        max_length=16,
        choices=[(o.value, o.value) for o in CallOutcome],
        default=CallOutcome.ASKED.value,
    )
    sentence = models.CharField(max_length=500, blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    reserved_tokens = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_cents = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    duration_seconds = models.FloatField(default=0.0)
    answer = models.JSONField(default=dict)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "step_key", "attempt"), name="model_call_once_per_attempt"
            ),
        )
        indexes = (models.Index(fields=["provider", "-started_at"], name="model_call_latest"),)

    def __str__(self) -> str:
        return f"{self.role} of investigation {self.investigation_id}: {self.outcome}"
