"""What was done, what was measured after it, and what is learned from it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from remediation.enums import VerificationPhase
from remediation.models.action import Action


class Execution(models.Model):
    """The only attempt of an action (or of its undo): written before the act.

    ``key`` is the idempotency key that the target keeps: after a crash it tells what happened.
    """

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="executions")
    is_undo = models.BooleanField(default=False)
    key = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    is_done = models.BooleanField(default=False)
    output = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("action", "is_undo"), name="execution_one_attempt"),
        )

    def __str__(self) -> str:
        return f"{'undo of ' if self.is_undo else ''}{self.action}"


class VerificationRun(models.Model):
    """Measuring whether it helped, against the baseline of the series that raised the alarm.

    ``measurements``: list of ``{metric, unit, baseline, limit, samples, inside, latest, is_least}``.
    ``effect``: what that says of the cause that was treated, once it is known: ``helped``, ``no_help``,
    or nothing. ``step_seconds``: how far apart the source's samples are, 0 until it was learnt.
    ``before``: how the same series were right before the act, empty until somebody has looked
    (:class:`remediation.verification.before.Before`).
    """

    action = models.OneToOneField(Action, on_delete=models.PROTECT, related_name="verification")
    phase = models.CharField(
        max_length=16, choices=VerificationPhase.choices, default=VerificationPhase.PENDING
    )
    settle_until = models.DateTimeField()
    deadline = models.DateTimeField()
    measurements = models.JSONField(default=list)
    before = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=300, blank=True)
    effect = models.CharField(max_length=16, blank=True)
    step_seconds = models.FloatField(default=0.0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"verification of {self.action}: {self.phase}"


class ActionOutcome(models.Model):
    """What an action did, for the track record. Append-only.

    ``before`` and ``after``: the target's state when it was planned and when it was judged.
    ``is_measured``: code judged it; else it could not be measured and a person said so, which earns
    nothing. ``side_effects``: what else was measured and was not as usual. ``confidence``: that of the
    diagnosis it treated. What people say of it later is :class:`ActionFeedback`.
    """

    action = models.OneToOneField(Action, on_delete=models.PROTECT, related_name="outcome")
    kind = models.CharField(max_length=32)
    service = models.CharField(max_length=200)
    fault_class = models.CharField(max_length=64)
    helped = models.BooleanField()
    was_undone = models.BooleanField(default=False)
    seconds_to_recover = models.FloatField(null=True, blank=True)
    was_autonomous = models.BooleanField(default=False)
    is_measured = models.BooleanField(default=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    side_effects = models.JSONField(default=list, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["kind", "service"], name="outcome_track_record"),)

    def __str__(self) -> str:
        return f"{self.kind} on {self.service}: {'helped' if self.helped else 'did not help'}"


class FeedbackValue(models.TextChoices):
    """What a person saw an action do."""

    HELPED = "helped", "it helped"
    NEUTRAL = "neutral", "it made no difference"
    HARMED = "harmed", "it did harm"


class ActionFeedback(models.Model):
    """A person's word about an outcome, given at any time after it."""

    outcome = models.ForeignKey(ActionOutcome, on_delete=models.PROTECT, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=16, choices=FeedbackValue.choices)
    note = models.CharField(max_length=500, blank=True)
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "action feedback"
        constraints = (
            models.UniqueConstraint(fields=("outcome", "person"), name="feedback_once_per_person"),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.value}"
