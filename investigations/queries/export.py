"""What an export of an incident holds, page by page: a whole board never stands in memory twice."""

from investigations.models import BoardEvent, Evidence, Investigation
from investigations.queries.board import board_snapshot, newest_texts
from investigations.queries.objects import BoardObject, evidence_object

FORMAT = "sre-workspace-incident"
VERSION = 1
PAGE = 200
EVENTS_MAX = 100_000
Page = list[tuple[int, BoardObject]]


def heading(investigation: Investigation) -> BoardObject:
    """Return all but evidence and events: the board as it is now, and the report's texts.

    ``is_truncated`` says that the journal is longer than what follows.
    """
    board = board_snapshot(investigation.pk)
    collections = {name: rows for name, rows in board.collections.items() if name != "evidence"}
    return {
        "format": FORMAT,
        "version": VERSION,
        "incident": investigation.incident_id,
        "sequence": board.sequence,
        "is_truncated": board.sequence > EVENTS_MAX,
        "board": collections,
        "report_texts": [
            {"section": t.section, "version": t.version, "origin": t.origin, "author": t.author,
             "saved_at": t.saved_at.isoformat(), "body": t.body}
            for t in newest_texts(investigation)
        ],
    }  # fmt: skip


def evidence_page(investigation: Investigation, *, after: int) -> Page:
    """Return ``(number, object)`` of the evidence after a number, with samples. One query."""
    rows = Evidence.objects.filter(investigation=investigation, number__gt=after)
    found = rows.select_related("challenges").order_by("number")[:PAGE]
    return [(e.number, {**evidence_object(e), "sample": e.sample, "source_link": e.source_link})
            for e in found]  # fmt: skip


def event_page(investigation: Investigation, *, after: int) -> Page:
    """Return ``(sequence, event)`` after a sequence, as the hash chain covers it. One query."""
    rows = BoardEvent.objects.filter(investigation=investigation, sequence__gt=after)
    return [
        (e.sequence, {"sequence": e.sequence, "at": e.at.isoformat(), "kind": e.kind,
                      "author": e.author, "payload": e.payload, "previous_hash": e.previous_hash,
                      "hash": e.hash})
        for e in rows.order_by("sequence")[:PAGE]
    ]  # fmt: skip
