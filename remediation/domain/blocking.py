"""Whether what waits for people can be approved now, kept on the board for every page that shows it."""

from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import EntryKind
from investigations.models import BoardEntry
from remediation.domain.planning import SYSTEM
from remediation.domain.transitions import summary_of
from remediation.enums import ActionState
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocking_sentence, evaluate
from remediation.models import Action


def tell_blocks(*, limit: int) -> None:
    """Judge what waits again, and say on the board where that changed: once per reason.

    Guardrails change with time and with the kill switch, of which no board hears by itself.
    """
    rows = Action.objects.filter(state=ActionState.PROPOSED)
    waiting = list(rows.select_related("investigation__incident").order_by("pk")[:limit])
    entries = BoardEntry.objects.filter(
        kind=EntryKind.ACTION, investigation__in={a.investigation_id for a in waiting}
    )
    told = {(e.investigation_id, e.key): str(e.data.get("blocked", "")) for e in entries}
    now = database_now()
    for action in waiting:
        rulings = evaluate(Situation(action, now, action.investigation.incident.environment))
        if told.get((action.investigation_id, str(action)), "") != blocking_sentence(rulings):
            _tell(action)


def _tell(action: Action) -> None:
    with writing(action.investigation_id) as board:
        if not Action.objects.filter(pk=action.pk, state=ActionState.PROPOSED).exists():
            return
        data = summary_of(action)
        reason = data.get("blocked")
        says = f"nobody can approve it now. {reason}" if reason else "it can be approved again."
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=data, author=SYSTEM,
            sentence=f"{action} {action.title}: {says}",
        )  # fmt: skip
