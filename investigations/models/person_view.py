"""What a person thinks that a piece of evidence says, beside what the rules say."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from investigations.enums import StanceKind
from investigations.models.evidence import Evidence
from investigations.models.hypothesis import Hypothesis


class PersonView(models.Model):
    """One person's stance on a cell of the matrix, with the reason. It never enters the posterior.

    A later one of the same person replaces it; ``withdrawn_at`` is set when they take it back.
    """

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="views")
    hypothesis = models.ForeignKey(Hypothesis, on_delete=models.PROTECT, related_name="views")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    author = models.CharField(max_length=160)
    kind = models.CharField(max_length=16, choices=StanceKind.choices)
    reason = models.CharField(max_length=500)
    recorded_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("evidence", "hypothesis", "person"), name="view_once_per_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.author}: {self.evidence_id} {self.kind} {self.hypothesis_id}"
