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

    def is_fresh(self) -> bool:
        return not self.task.done() or time.monotonic() < self.done_at + KEPT_SECONDS


class _Steps:
    """The renderings of one event loop, under way or just done, the newest last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Place, _Step] = OrderedDict()

    async def after(self, place: Place) -> Message | None:
        step = self.kept.get(place)
        if step is None or not step.is_fresh():
            step = _Step(asyncio.create_task(_render(place)))
            step.task.add_done_callback(lambda _: self._ended(place, step))
            self.kept[place] = step
        # Whoever asked first may leave: the others still wait for it.
        return await asyncio.shield(step.task)

    def _ended(self, place: Place, step: _Step) -> None:
        step.done_at = time.monotonic()
        failed = step.task.cancelled() or step.task.exception() is not None
        if (failed or step.task.result() is None) and self.kept.get(place) is step:
            del self.kept[place]
        while len(self.kept) > MAX_KEPT:
            self.kept.popitem(last=False)


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
