"""Rules that an organisation sets for changes."""

from django.db import models
from django.db.models.functions import Now


class RuleEffect(models.TextChoices):
    """What a rule does to an action it is about."""

    BLOCK = "block", "never"
    ASK = "ask", "only with people"


class PolicyRule(models.Model):
    """A rule by its ``slug``, which every refusal names. Empty ``kind``, ``target``: any.

    ``target`` is a resource's name, or the beginning of it with ``*`` at the end. Rows are never
    deleted: a retired rule (``is_active`` False) still explains what it refused. ``set_by`` and
    ``changed_at`` tell who set it; ``retired_by`` and ``retired_at`` who let it hold no more.
    """

    slug = models.SlugField(max_length=50, unique=True)
    kind = models.CharField(max_length=32, blank=True)
    target = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=64, blank=True)
    effect = models.CharField(max_length=8, choices=RuleEffect.choices, default=RuleEffect.BLOCK)
    reason = models.CharField(max_length=300)
    is_active = models.BooleanField(default=True)
    set_by = models.CharField(max_length=160)
    changed_at = models.DateTimeField(db_default=Now())
    retired_by = models.CharField(max_length=160, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-is_active", "slug")
        constraints = (
            models.CheckConstraint(condition=~models.Q(reason=""), name="policy_rule_has_a_reason"),
        )

    def __str__(self) -> str:
        return self.slug
