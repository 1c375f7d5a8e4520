"""Grades: whether what was concluded turned out to be right."""

from django.db import models
from django.db.models.functions import Now

from investigations.enums import GradeSource, GradeValue
from investigations.models.diagnosis import Diagnosis


class Grade(models.Model):
    """What became of a diagnosis: one grade by people, one by the outcome of an action.

    A person's grade counts before the outcome's; a later one by people replaces theirs.
    """

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.PROTECT, related_name="grades")
    source = models.CharField(max_length=16, choices=GradeSource.choices)
    value = models.CharField(max_length=16, choices=GradeValue.choices)
    author = models.CharField(max_length=160)
    note = models.CharField(max_length=500, blank=True)
    graded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("diagnosis", "source"), name="grade_once_per_source"),
        )

    def __str__(self) -> str:
        return f"{self.diagnosis}: {self.value} by {self.author}"
