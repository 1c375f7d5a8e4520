"""Whether a plan changes just what another one would have changed."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from investigations.models import Investigation
from remediation.enums import ActionState
from remediation.models import Action, Execution

TRIED = (ActionState.FAILED, ActionState.UNDONE, ActionState.DENIED, ActionState.INCONCLUSIVE)


def is_same_change(one: str, other: str) -> bool:
    """Whether two differences of one target leave the same fields with the same values.

    What they were before does not count. Where nothing is told, nothing is the same.
    """
    if not one or not other:
        return False
    left, right = (
        sorted(line for line in text.splitlines() if line.startswith("+")) for text in (one, other)
    )
    return left == right if left or right else one == other


def tried_of(investigation: Investigation) -> QuerySet[Action]:
    """Return what was denied, or done in vain: also what stands as only its undo was stopped.

    What was stopped before it did anything was not tried.
    """
    done = Execution.objects.filter(action=OuterRef("pk"), is_undo=False, is_done=True)
    rows = Action.objects.filter(investigation=investigation)
    return rows.filter(Q(state__in=TRIED) | Q(Exists(done), state=ActionState.HALTED))


def tried_before(investigation: Investigation, *, target: str, diff: str) -> Action | None:
    """Return the newest action that was denied, or done in vain, and would change just the same.

    What has no undo, as a restart, sets no field to a value, and is like nothing. One query.
    """
    rows = tried_of(investigation).filter(target=target).exclude(undo_payload={})
    return next((a for a in rows if is_same_change(a.diff, diff)), None)
