"""One rendering for all rooms of a process that stand at the same event and may see the same."""

import asyncio
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from investigations.render import Audience, render_update

# A room that comes back later is brought up in one message, not in the many of those who watched.
KEPT_SECONDS = 2.0
MAX_KEPT = 64
# So much longer between two messages for each further room: what many watch comes in fewer pieces,
# and the last room is not far behind the first. One room alone waits for nothing.
PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.15
Place = tuple[int, int, Audience]


@dataclass(frozen=True, slots=True)
class Message:
    """What brings a page on to ``sequence``, as it goes over the wire."""

    sequence: int
    text: str


@dataclass(slots=True)
class _Crowd:
    """How many rooms wait for a message, or got it."""

    rooms: int = 0


@dataclass(slots=True)
class _Step:
    task: asyncio.Task[Message | None]
    crowd: _Crowd
    done_at: float = float("inf")

    def is_fresh(self) -> bool:
        return not self.task.done() or time.monotonic() < self.done_at + KEPT_SECONDS


class _Steps:
    """The renderings of one event loop, under way or just done, the newest last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Place, _Step] = OrderedDict()
        self.newest: OrderedDict[tuple[int, Audience], _Step] = OrderedDict()

    async def after(self, place: Place) -> Message | None:
        step = self.kept.get(place)
        if step is None or not step.is_fresh():
            crowd = _Crowd()
            step = _Step(asyncio.create_task(self._render(place, crowd)), crowd)
            step.task.add_done_callback(partial(self._ended, place, step))
            self.kept[place] = step
        step.crowd.rooms += 1
        # Whoever asked first may leave: the others still wait for it.
        return await asyncio.shield(step.task)

    async def _render(self, place: Place, crowd: _Crowd) -> Message | None:
        # A room that joins while it is held back holds it longer.
        while (seconds := self._pause(place, crowd)) > 0:
            await asyncio.sleep(seconds)
        found: Message | None = await _render(place)
        return found

    def _ended(self, place: Place, step: _Step, task: asyncio.Task[Message | None]) -> None:
        step.done_at = time.monotonic()
        failed = task.cancelled() or task.exception() is not None
        if failed or task.result() is None:
            if self.kept.get(place) is step:
                del self.kept[place]
        else:
            self.newest[place[0], place[2]] = step
        for some in (self.kept, self.newest):
            while len(some) > MAX_KEPT:
                some.popitem(last=False)

    def _pause(self, place: Place, crowd: _Crowd) -> float:
        """Return for how many seconds more the next message of these rooms is held back.

        Those that watch are who got the last message, or who asks for this one if they are more.
        """
        last = self.newest.get((place[0], place[2]))
        if last is None:
            return 0.0
        rooms = max(last.crowd.rooms, crowd.rooms)
        pause = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * (rooms - 1))
        return max(0.0, last.done_at + pause - time.monotonic())


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Steps] = WeakKeyDictionary()


async def update_after(investigation_id: int, *, after: int, audience: Audience) -> Message | None:
    """Return the next message for a page that stands at ``after``; None: there is nothing newer.

    All who stand there get the same message, and so stand at the same event again: a hundred
    watchers cost one rendering. It may not reach the newest event; ask again from where it leads.
    """
    steps = _by_loop.setdefault(asyncio.get_running_loop(), _Steps())
    return await steps.after((investigation_id, after, audience))


@database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
def _render(place: Place) -> Message | None:
    investigation_id, after, audience = place
    found = render_update(investigation_id, after=after, audience=audience)
    return Message(int(str(found["seq"])), json.dumps(found)) if found else None
