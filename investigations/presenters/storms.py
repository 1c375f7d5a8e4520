"""Alerts that joined one after the other, told as one event with their number."""

from collections.abc import Iterable
from itertools import groupby

from investigations.domain.alert_drafts import joined_sentence
from investigations.enums import BoardEventKind
from investigations.models import BoardEvent


def without_storms(events: Iterable[BoardEvent]) -> list[BoardEvent]:
    """Return events in order, with each run of joined alerts as one of them: its newest.

    What is returned for a run is not of the database: it is for reading only.
    """
    found: list[BoardEvent] = []
    for is_join, run in groupby(events, key=_is_join):
        rows = list(run)
        found += [_as_one(rows)] if is_join and len(rows) > 1 else rows
    return found


def _is_join(event: BoardEvent) -> bool:
    said = str(event.payload.get("sentence", ""))
    is_joined = said.startswith("Alert joined: ") or " alerts joined: " in said
    return event.kind == BoardEventKind.ALERT_CHANGED and is_joined


def _as_one(rows: list[BoardEvent]) -> BoardEvent:
    newest = max(rows, key=lambda event: event.sequence)
    alerts = [
        (str(alert["name"]), str(alert["resource"]))
        for event in rows
        for alert in event.payload["upsert"].get("alerts", {}).values()
    ]
    payload = newest.payload | {"sentence": joined_sentence(alerts)}
    return BoardEvent(
        investigation_id=newest.investigation_id, sequence=newest.sequence, kind=newest.kind,
        author=newest.author, payload=payload, at=newest.at,
    )  # fmt: skip
