"""Telling the board what an agent does, and what it asks, while it does it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.domain.casework import Casework
from agents.domain.phases import DOING
from agents.enums import AgentName, WorkKind
from agents.models import WorkItem
from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.enums import EntryKind
from telemetry.phrasing import counted
from telemetry.redaction import redact
from telemetry.results import QueryResult

# Queries of a long step are told in batches, so that watching costs little.
TELL_SECONDS = 0.7
MOST_AT_ONCE = 25
PLANNING = (WorkKind.SCOPE, WorkKind.PROPOSE, WorkKind.INTERPRET, WorkKind.RECONCILE)
MAX_STEP = 200


def call_objects(results: Iterable[QueryResult[object]], why: str) -> list[dict[str, object]]:
    """Return queries as the board shows them, each with the reason it was asked for."""
    return [
        {
            "kind": result.provenance.kind.value,
            "query": redact(result.provenance.query, limit=200),
            "status": result.status.value,
            "rows": len(result.data) if isinstance(result.data, tuple) else 1,
            "seconds": round(result.provenance.duration_seconds, 3),
            "error": redact(result.message, limit=160) if not result.is_answer else "",
            "why": why,
        }
        for result in results
    ]


@dataclass
class Teller:
    """Follows one step and tells of its queries in batches, under the step's fence."""

    item: WorkItem
    work: Casework
    fence: Fence
    why: str
    told_at: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        is_due = time.monotonic() - self.told_at >= TELL_SECONDS
        if is_due or len(self.work.meter.fresh) >= MOST_AT_ONCE:
            with writing(self.item.investigation_id, fence=self.fence) as board:
                tell_queries(board, self.item, self.take())

    def take(self) -> list[dict[str, object]]:
        """Return what nobody has been told of yet, once."""
        fresh, self.work.meter.fresh = self.work.meter.fresh, []
        self.told_at = time.monotonic()
        return call_objects(fresh, self.why)


def follow(item: WorkItem, work: Casework, fence: Fence, why: str) -> Teller:
    """Tell of a step's queries from now on. ``why`` is the reason that stands beside each."""
    teller = Teller(item, work, fence, why[:MAX_STEP])
    work.meter.on_answer = teller
    return teller


def tell_begun(item: WorkItem, fence: Fence) -> None:
    """Show in the dock that an agent has begun a step."""
    kind = WorkKind(item.kind)
    with writing(item.investigation_id, fence=fence) as board:
        _write(
            board, item, state="planning" if kind in PLANNING else "querying", step=DOING[kind],
            since=database_now().isoformat(),
        )  # fmt: skip


def tell_queries(board: BoardWriter, item: WorkItem, calls: list[dict[str, object]]) -> None:
    """Show a batch of queries of a step that goes on."""
    entry = board.investigation.entries.filter(kind=EntryKind.AGENT, key=item.agent).first()
    known = entry.data if entry else {}
    _write(
        board, item, state="querying", step=DOING[WorkKind(item.kind)],
        since=str(known.get("since") or board.now.isoformat()), calls=calls, is_more=True,
    )  # fmt: skip


def tell_ended(board: BoardWriter, item: WorkItem) -> None:
    """Show how a step ended, with the queries nobody has been told of; inside a transaction."""
    calls = item.result.pop("untold", [])
    state, step = _outcome(item)
    _write(board, item, state=state, step=step, since=board.now.isoformat(), calls=calls)


def _outcome(item: WorkItem) -> tuple[str, str]:
    doing, result = DOING[WorkKind(item.kind)], item.result
    if result.get("skipped") == "paused":
        return "paused", f"left out {doing}"
    if result.get("skipped"):
        return "done", f"left out {doing}: the budget is spent"
    denied = str(result.get("denied", ""))
    if denied and not result.get("answered"):
        return "blocked", denied
    told = [doing]
    if item.queries:
        told.append(counted(item.queries, "query", "queries"))
    if "posted" in result:
        cards = result["posted"]
        told.append(f"{cards} card{'' if cards == 1 else 's'}" if cards else "nothing new")
    if denied:
        told.append(f"refused: {denied}")
    return "done", ", ".join(told)


def _write(board: BoardWriter, item: WorkItem, *, state: str, step: str, since: str,
           calls: list[dict[str, object]] | None = None, is_more: bool = False) -> None:  # fmt: skip
    agent = AgentName(item.agent)
    data: dict[str, object] = {
        "agent": agent.value, "state": state, "step": step[:MAX_STEP], "since": since,
    }  # fmt: skip
    if calls:
        data["calls"] = calls
    if is_more:
        data["is_more"] = True
    write_entry(
        board, kind=EntryKind.AGENT, key=agent.value, author=agent.author, data=data,
        sentence=f"{agent.value.capitalize()} {state}: {step}"[:400],
    )  # fmt: skip
