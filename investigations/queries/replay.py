"""When the journal's events happened: what a replay steps through."""

from datetime import datetime

from investigations.enums import BoardEventKind
from investigations.models import BoardEvent, Investigation

MOST = 5000
# Events that move curves and say nothing: a moment shows them, a step passes over them.
SILENT = (BoardEventKind.LANES_READ,)


def list_times(investigation: Investigation) -> list[tuple[int, datetime, bool]]:
    """Return ``(sequence, at, is_silent)`` of the events, in order, at most 5,000. One query."""
    rows = BoardEvent.objects.filter(investigation=investigation).order_by("sequence")
    times = rows.values_list("sequence", "at", "kind")[:MOST]
    return [(sequence, at, kind in SILENT) for sequence, at, kind in times]


def steps_around(investigation: Investigation, sequence: int) -> tuple[int, int]:
    """Return the events that say something before and after one; itself at the ends. Two queries."""
    told = BoardEvent.objects.filter(investigation=investigation).exclude(kind__in=SILENT)
    numbers = told.values_list("sequence", flat=True)
    before = numbers.filter(sequence__lt=sequence).order_by("-sequence").first()
    after = numbers.filter(sequence__gt=sequence).order_by("sequence").first()
    return before or sequence, after or sequence


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
