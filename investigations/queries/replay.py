"""When the journal's events happened: what a replay steps through."""

from datetime import datetime

from investigations.models import BoardEvent, Investigation

MOST = 5000


def list_times(investigation: Investigation) -> list[tuple[int, datetime]]:
    """Return ``(sequence, at)`` of the events, in order, at most 5,000. One query."""
    rows = BoardEvent.objects.filter(investigation=investigation).order_by("sequence")
    return list(rows.values_list("sequence", "at")[:MOST])


def event_at(investigation: Investigation, moment: datetime) -> BoardEvent:
    """Return the last event that had happened at a moment, or the first one."""
    rows = BoardEvent.objects.filter(investigation=investigation)
    before = rows.filter(at__lte=moment).order_by("-sequence").first()
    return before or rows.order_by("sequence")[0]


def event_numbered(investigation: Investigation, sequence: int) -> BoardEvent:
    """Return the event with a number, or the nearest one before it, or the first."""
    rows = BoardEvent.objects.filter(investigation=investigation)
    before = rows.filter(sequence__lte=sequence).order_by("-sequence").first()
    return before or rows.order_by("sequence")[0]
