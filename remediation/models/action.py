"""An action: one typed, reversible change with exactly the bytes that would run."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from investigations.models import Diagnosis, Investigation
from remediation.enums import ActionState, Decision, Risk


class Action(models.Model):
    """A planned change. Its content never changes: another plan is another action.

    ``payload`` is exactly what the executor sends, ``undo_payload`` what takes it back (empty with
    ``undo_text`` as the stated reason); ``command`` and ``undo_command`` say both in a line, ``diff``
    and ``undo_diff`` what each changes; ``digest`` is the SHA-256 of all that an approver sees and
    all that would run. ``blast`` counts what it touches, computed from live state. ``requested_by``
    is the person who asked for it, ``undo_asked_by`` who asked for its undo, if one did.
    ``snapshot``: the target as it was when the plan was made; ``options``: what else could be done,
    each with its risk and why not; ``checks``: what verification looks at, in words, by name:
    ``range`` (which series must be back where), ``samples`` (how many, when), ``if_well_before`` (what
    decides where those were well already); plans of earlier versions list the three in this order;
    ``assurance`` and ``prediction``: how sure it is to help, and what is expected of it
    (:mod:`remediation.domain.assurance`).
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="actions"
    )
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.PROTECT, related_name="actions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    kind_version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    target = models.CharField(max_length=200)
    target_uid = models.CharField(max_length=100)
    target_version = models.CharField(max_length=100)
    executor = models.CharField(max_length=32)
    payload = models.JSONField()
    command = models.CharField(max_length=500)
    diff = models.TextField(blank=True)
    undo_payload = models.JSONField(default=dict, blank=True)
    undo_text = models.CharField(max_length=300)
    undo_command = models.CharField(max_length=500, blank=True)
    undo_diff = models.TextField(blank=True)
    blast = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    snapshot = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=list, blank=True)
    assurance = models.JSONField(default=dict, blank=True)
    prediction = models.JSONField(default=dict, blank=True)
    risk = models.CharField(max_length=8, choices=Risk.choices)
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    digest = models.CharField(max_length=64)
    state = models.CharField(
        max_length=16, choices=ActionState.choices, default=ActionState.PROPOSED
    )
    result = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undo_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(db_default=Now())
    approval_expires_at = models.DateTimeField()
    execution_expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("investigation", "number"), name="action_number_once"),
            models.UniqueConstraint(
                fields=("target",),
                condition=Q(state__in=["running", "unknown", "verifying", "undoing"]),
                name="action_one_at_a_time_per_target",
            ),
            models.CheckConstraint(
                condition=~Q(risk="red") | Q(approvals_needed__gte=2), name="action_red_needs_two"
            ),
            models.CheckConstraint(condition=~Q(target_uid=""), name="action_has_a_target"),
        )

    def __str__(self) -> str:
        return f"A{self.number}"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state not in {
            ActionState.PROPOSED,
            ActionState.APPROVED,
            ActionState.RUNNING,
            ActionState.UNKNOWN,
            ActionState.VERIFYING,
            ActionState.UNDOING,
        }


class Approval(models.Model):
    """One person's decision about one digest. Append-only: a trigger refuses UPDATE and DELETE."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="approvals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    decision = models.CharField(max_length=8, choices=Decision.choices)
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("action", "person"), name="approval_once_per_person"),
        )

    def __str__(self) -> str:
        return f"{self.person} {self.decision} {self.action}"
