"""The board at one moment of the past, and the scrubber that leads through them."""

import json
from dataclasses import dataclass
from datetime import datetime

from investigations.domain.report_moments import key_moments
from investigations.domain.reports import facts_of
from investigations.models import BoardEvent, Investigation
from investigations.presenters.room import Room, room_of
from investigations.queries.replay import list_times
from investigations.queries.rows import rows_at

WIDTH = 1000
TICKS = 80


@dataclass(frozen=True, slots=True)
class Frame:
    """The board right after an event: ``at`` is the moment that is looked at."""

    room: Room
    event: BoardEvent
    at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """A key moment on the scrubber: ``x`` in 0..1000."""

    x: float
    sequence: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Scrubber:
    """The whole time of the journal. ``steps`` is JSON of ``[sequence, second, is_silent]``."""

    start: datetime
    end: datetime
    seconds: int
    second: int
    first: int
    last: int
    steps: str
    ticks: tuple[Tick, ...]


def build_frame(investigation: Investigation, event: BoardEvent, *, at: datetime) -> Frame:
    """Fold the journal up to an event and dress it as the room would."""
    rows = rows_at(investigation, sequence=event.sequence)
    return Frame(room_of(rows, now=at), event, at)


def build_scrubber(investigation: Investigation, *, at: datetime) -> Scrubber:
    """Read when things happened, and which of them were key moments."""
    times = list_times(investigation)
    start, end = times[0][1], times[-1][1]
    whole = max(1, int((end - start).total_seconds()) + 1)

    def x_of(moment: datetime) -> float:
        return round((moment - start).total_seconds() / whole * WIDTH, 1)

    found = key_moments(facts_of(investigation))[:TICKS]
    return Scrubber(
        start=start, end=end, seconds=whole,
        second=min(whole, max(0, int((at - start).total_seconds()))),
        first=times[0][0], last=times[-1][0],
        steps=json.dumps(
            [[n, round((t - start).total_seconds(), 3), int(silent)] for n, t, silent in times]
        ),
        ticks=tuple(Tick(x_of(m.at), m.sequence, m.at, m.text.replace("\\", "")) for m in found
                    ),
    )  # fmt: skip
