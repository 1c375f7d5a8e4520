"""The states of an investigation: its steps, its budget, pausing, steering."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from investigations.domain.audit import record_audit
from investigations.domain.hypotheses import touch_after_commit
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.domain.transitions import move
from investigations.enums import (
    FOR_AGENTS,
    BoardEventKind,
    InvestigationState,
    SteeringKind,
    SteeringState,
)
from investigations.errors import BoardError
from investigations.jobs import enqueue_embedding
from investigations.models import Investigation, SteeringMessage
from investigations.queries.objects import investigation_object, steering_object
from investigations.signals import action_requested
from telemetry.phrasing import counted

if TYPE_CHECKING:
    from django.contrib.auth.models import User


SAME_AGAIN = timedelta(seconds=5)


def write_investigation(board: BoardWriter, *, author: str, sentence: str) -> None:
    """Record the investigation's row as it now is."""
    board.record(
        BoardEventKind.INVESTIGATION_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"investigation": {"investigation": investigation_object(board.investigation)}},
    )


def move_investigation(
    *,
    investigation_id: int,
    to: InvestigationState,
    author: str,
    sentence: str,
    fence: Fence | None = None,
    scope: dict[str, object] | None = None,
    next_round: bool = False,
) -> Investigation:
    """Take the investigation to another step. Moving to where it is changes nothing.

    Raises:
        IllegalTransition: The edge is not allowed.
    """
    with writing(investigation_id, fence=fence) as board:
        row = board.investigation
        if row.state == to and scope is None and not next_round:
            return row
        fields: dict[str, object] = {}
        if scope is not None:
            fields["scope"] = scope
        if next_round:
            fields["round"] = row.round + 1
        was_over = row.is_over
        is_over = to in {
            InvestigationState.CONCLUDED,
            InvestigationState.STOPPED,
            InvestigationState.FAILED,
        }
        if is_over:
            fields["ended_at"] = board.now
            enqueue_embedding(row.incident_id)
        elif was_over:
            fields["ended_at"] = None
        move(row, to, **fields)
        write_investigation(board, author=author, sentence=sentence)
    return row


def spend(board: BoardWriter, *, seconds: float, queries: int, rows: int) -> None:
    """Add to what the investigation has used, inside a transaction that has the journal open."""
    row = board.investigation
    if not queries:
        return
    row.used_seconds += seconds
    row.used_queries += queries
    row.used_rows += rows
    row.save(update_fields=["used_seconds", "used_queries", "used_rows"])
    asked = counted(queries, "query", "queries")
    write_investigation(
        board, author="system", sentence=f"Used {asked}, {seconds:.1f} s, {counted(rows, 'row')}"
    )


def extend_window(*, investigation_id: int, until: datetime, fence: Fence | None = None) -> None:
    """Let the window reach later, for a round that looks at fresh telemetry."""
    with writing(investigation_id, fence=fence) as board:
        row = board.investigation
        if until <= row.window_end:
            return
        row.window_end = until
        row.save(update_fields=["window_end"])
        write_investigation(board, author="system", sentence=f"Window reaches {until:%H:%M:%SZ}")


def pause_investigation(*, investigation_id: int, user: "User") -> Investigation:
    """Pause the agents: no new step starts; running queries finish. Idempotent."""
    return _set_pause(investigation_id, user=user, is_paused=True)


def resume_investigation(*, investigation_id: int, user: "User") -> Investigation:
    """Let the agents go on. Idempotent; wakes them."""
    return _set_pause(investigation_id, user=user, is_paused=False)


def _set_pause(investigation_id: int, *, user: "User", is_paused: bool) -> Investigation:
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        row = board.investigation
        if (row.paused_at is not None) == is_paused:
            return row
        row.paused_at = board.now if is_paused else None
        row.paused_by = user.get_username() if is_paused else ""
        row.save(update_fields=["paused_at", "paused_by"])
        verb = "paused" if is_paused else "resumed"
        write_investigation(
            board, author=author, sentence=f"Agents {verb} by {user.get_username()}"
        )
        record_audit(
            actor=author,
            verb=f"investigation.{verb}",
            subject=f"investigation/{investigation_id}",
        )
        touch_after_commit(investigation_id)
    return row


def pause_agent(*, investigation_id: int, user: "User", agent: str) -> Investigation:
    """Pause one specialist: its next steps are left out and named as such. Idempotent."""
    return _set_agent_pause(investigation_id, user=user, agent=agent, is_paused=True)


def resume_agent(*, investigation_id: int, user: "User", agent: str) -> Investigation:
    """Let one specialist go on; it makes up for the steps it left out. Idempotent."""
    return _set_agent_pause(investigation_id, user=user, agent=agent, is_paused=False)


def _set_agent_pause(
    investigation_id: int, *, user: "User", agent: str, is_paused: bool
) -> Investigation:
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        row = board.investigation
        if (agent in row.paused_agents) == is_paused:
            return row
        others = {name: who for name, who in row.paused_agents.items() if name != agent}
        row.paused_agents = {**others, agent: user.get_username()} if is_paused else others
        row.save(update_fields=["paused_agents"])
        verb = "paused" if is_paused else "resumed"
        write_investigation(
            board, author=author, sentence=f"{agent.capitalize()} {verb} by {user.get_username()}"
        )
        record_audit(
            actor=author, verb=f"agent.{verb}", subject=f"investigation/{investigation_id}",
            detail={"agent": agent},
        )  # fmt: skip
        touch_after_commit(investigation_id)
    return row


def add_budget(
    *, investigation_id: int, user: "User", seconds: float = 0.0, queries: int = 0
) -> Investigation:
    """Give the agents more time and queries, at most 15 minutes and 5,000 queries at once.

    Raises:
        BoardError: The amount is not positive or beyond what one grant may be.
    """
    if not (0 <= seconds <= 900 and 0 <= queries <= 5000 and seconds + queries > 0):
        raise BoardError("Add between 1 s and 15 min, or 1 and 5,000 queries.")
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        row = board.investigation
        sentence = f"{user.get_username()} added {seconds:.0f} s and {counted(queries, 'query', 'queries')}"
        if _has_just_said(board, author, sentence):
            raise BoardError("That was added a moment ago. Nothing more was added.")
        row.budget_seconds += seconds
        row.budget_queries += queries
        row.save(update_fields=["budget_seconds", "budget_queries"])
        write_investigation(
            board,
            author=author,
            sentence=sentence,
        )
        record_audit(
            actor=author,
            verb="investigation.budget_added",
            subject=f"investigation/{investigation_id}",
            detail={"seconds": seconds, "queries": queries},
        )
        touch_after_commit(investigation_id)
    return row


def _has_just_said(board: BoardWriter, author: str, sentence: str) -> bool:
    """Whether the same was done by the same person a moment ago: a form that was sent twice."""
    since = board.now - SAME_AGAIN
    recent = board.investigation.events.filter(author=author, at__gt=since)
    return recent.filter(payload__sentence=sentence).exists()


def steer(
    *,
    investigation_id: int,
    user: "User",
    text: str,
    kind: SteeringKind = SteeringKind.STEER,
    agent: str = "",
    subject: str = "",
) -> SteeringMessage:
    """Post a person's message to one agent or to all. Never evidence by itself; wakes the agents.

    The same words again within ``SAME_AGAIN`` return the message that is there. What asks for an
    action (``PROPOSE``) is told by the signal ``action_requested`` and does not wake the agents.

    Raises:
        BoardError: The text is empty or longer than 1,000 characters.
    """
    words = " ".join(text.split())
    if not words:
        raise BoardError("Say what the agents should do.")
    if len(words) > 1000:
        raise BoardError(f"A message may have 1,000 characters. Yours has {len(words)}.")
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        messages = board.investigation.steering
        twin = messages.filter(
            author=author, kind=kind, agent=agent, subject=subject, text=words,
            posted_at__gt=board.now - SAME_AGAIN,
        ).first()  # fmt: skip
        if twin is not None:
            return twin
        message = SteeringMessage.objects.create(
            investigation=board.investigation,
            number=(messages.aggregate(last=Max("number"))["last"] or 0) + 1,
            kind=kind,
            agent=agent,
            subject=subject,
            text=words,
            author=author,
            posted_by=user,
            posted_at=board.now,
        )
        _write_steering(board, message, author=author, sentence=f"{user.get_username()}: {words}")
        if kind in FOR_AGENTS:
            touch_after_commit(investigation_id)
        else:
            news = partial(
                action_requested.send_robust, sender=SteeringMessage, message_id=message.pk
            )
            transaction.on_commit(news)
    return message


def answer_steering(
    *,
    message_id: int,
    to: SteeringState,
    reply: str,
    author: str,
    fence: Fence | None = None,
) -> SteeringMessage:
    """Say what became of a person's message: read, acted on, or declined and why."""
    message = SteeringMessage.objects.get(pk=message_id)
    with writing(message.investigation_id, fence=fence) as board:
        message.refresh_from_db()
        move(message, to, reply=reply[:500])
        _write_steering(board, message, author=author, sentence=f"{author}: {reply}")
    return message


def _write_steering(
    board: BoardWriter, message: SteeringMessage, *, author: str, sentence: str
) -> None:
    board.record(
        BoardEventKind.STEERING_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"steering": {f"S{message.number}": steering_object(message)}},
    )
