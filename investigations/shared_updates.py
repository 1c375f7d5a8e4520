"""One rendering for all rooms of a process that stand at the same event and may see the same."""

import asyncio
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
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
class _Step:
    task: asyncio.Task[Message | None]
    done_at: float = float("inf")
    rooms: int = 0

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
            step = _Step(asyncio.create_task(_render_in(self._pause(place), place)))
            step.task.add_done_callback(lambda _: self._ended(place, step))
            self.kept[place] = step
        step.rooms += 1
        # Whoever asked first may leave: the others still wait for it.
        return await asyncio.shield(step.task)

    def _ended(self, place: Place, step: _Step) -> None:
        step.done_at = time.monotonic()
        failed = step.task.cancelled() or step.task.exception() is not None
        if failed or step.task.result() is None:
            if self.kept.get(place) is step:
                del self.kept[place]
        else:
            self.newest[place[0], place[2]] = step
        for some in (self.kept, self.newest):
            while len(some) > MAX_KEPT:
                some.popitem(last=False)

    def _pause(self, place: Place) -> float:
        """Return for how many seconds the next message of these rooms is held back."""
        last = self.newest.get((place[0], place[2]))
        if last is None:
            return 0.0
        pause = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * (last.rooms - 1))
        return max(0.0, last.done_at + pause - time.monotonic())


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Steps] = WeakKeyDictionary()


async def update_after(investigation_id: int, *, after: int, audience: Audience) -> Message | None:
    """Return the next message for a page that stands at ``after``; None: there is nothing newer.

    All who stand there get the same message, and so stand at the same event again: a hundred
    watchers cost one rendering. It may not reach the newest event; ask again from where it leads.
    """
    steps = _by_loop.setdefault(asyncio.get_running_loop(), _Steps())
    return await steps.after((investigation_id, after, audience))


async def _render_in(seconds: float, place: Place) -> Message | None:
    if seconds:
        await asyncio.sleep(seconds)
    found: Message | None = await _render(place)
    return found


@database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
def _render(place: Place) -> Message | None:
    investigation_id, after, audience = place
    found = render_update(investigation_id, after=after, audience=audience)
    return Message(int(str(found["seq"])), json.dumps(found)) if found else None
