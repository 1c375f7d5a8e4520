"""What becomes of an offered handoff: the event of it, and its end with the incident."""

from investigations.domain.journal import BoardWriter
from investigations.enums import BoardEventKind, HandoffState
from investigations.models import Handoff
from investigations.queries.objects import handoff_object


def end_handoff(
    board: BoardWriter, handoff: Handoff, state: HandoffState, *, author: str, sentence: str
) -> None:
    """End an offer that nobody took, inside a transaction that has the journal open."""
    handoff.state, handoff.ended_at = state, board.now
    handoff.save(update_fields=["state", "ended_at"])
    record_handoff(board, handoff, author=author, sentence=sentence)


def end_with_incident(board: BoardWriter, *, author: str) -> None:
    """End what is offered of an incident that is resolved: nobody needs to lead it any more."""
    for row in board.investigation.handoffs.filter(state=HandoffState.PENDING):
        told = f"N{row.number} ended with INC-{board.investigation.incident_id}: nobody took it"
        end_handoff(board, row, HandoffState.LAPSED, author=author, sentence=told)


def record_handoff(board: BoardWriter, handoff: Handoff, *, author: str, sentence: str) -> None:
    """Record a handoff as it is now. Event: ``handoff_changed``."""
    board.record(
        BoardEventKind.HANDOFF_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"handoffs": {f"N{handoff.number}": handoff_object(handoff)}},
    )
