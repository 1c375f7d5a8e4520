"""Actions that wait for one person's decision."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from investigations.rules import can_approve
from remediation.enums import ActionState
from remediation.models import Action, Approval

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def decidable(user: "User") -> QuerySet[Action]:
    """Return the actions that this person may decide now, soonest to expire first.

    Not those of a hypothesis of their own, not those to which they steered the agents, not those
    they asked for, not those they have decided, not those out of time.
    """
    if not can_approve(user):
        return Action.objects.none()
    mine = Approval.objects.filter(action=OuterRef("pk"), person=user)
    rows = Action.objects.filter(
        ~Exists(mine), state=ActionState.PROPOSED, approval_expires_at__gt=Now()
    ).exclude(
        Q(diagnosis__hypothesis__posted_by=user)
        | Q(diagnosis__steered_by__contains=[user.pk])
        | Q(requested_by=user)
    )
    rows = rows.select_related("investigation__incident", "diagnosis", "requested_by")
    return rows.order_by("approval_expires_at")
