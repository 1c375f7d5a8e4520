"""Who is in a room and what each looks at: told by sockets to each other, kept nowhere.

Each socket says again every ``REPEAT_SECONDS`` that it is here, and forgets whoever has been silent
for ``FORGET_SECONDS``: losing everything that Redis holds costs one repetition.
"""

import re
from dataclasses import dataclass

REPEAT_SECONDS = 12.0
FORGET_SECONDS = 30.0
MAX_PEOPLE = 100
SUBJECT = re.compile(r"([EHA][1-9][0-9]{0,8})?")


@dataclass(frozen=True, slots=True)
class Here:
    """One open room: whose it is, what it looks at (``E12``, ``A7`` or nothing), when it spoke."""

    name: str
    looks_at: str
    heard_at: float


class Roster:
    """What one socket has heard of the others, and of itself, by channel."""

    def __init__(self) -> None:
        self._heard: dict[str, Here] = {}
        self._sent: list[dict[str, object]] | None = None

    def hear(self, channel: str, *, name: str, looks_at: str, now: float) -> None:
        """Note that a room is open. Beyond ``MAX_PEOPLE`` rooms new ones are not noted."""
        if channel in self._heard or len(self._heard) < MAX_PEOPLE:
            self._heard[channel] = Here(name, looks_at, now)

    def leave(self, channel: str) -> None:
        """Note that a room was closed."""
        self._heard.pop(channel, None)

    def news(self, *, mine: str, now: float) -> list[dict[str, object]] | None:
        """Return the people of the room if they differ from what was returned before, else None.

        One row per person, by name; of a person's several rooms the one heard last counts.
        """
        for channel, row in list(self._heard.items()):
            if channel != mine and now - row.heard_at > FORGET_SECONDS:
                del self._heard[channel]
        own = self._heard[mine].name if mine in self._heard else ""
        latest: dict[str, Here] = {}
        for row in sorted(self._heard.values(), key=lambda r: r.heard_at):
            if row.looks_at or row.name not in latest:
                latest[row.name] = row
        people: list[dict[str, object]] = [
            {"name": name, "look": row.looks_at, "me": name == own}
            for name, row in sorted(latest.items())
        ]
        if people == self._sent:
            return None
        self._sent = people
        return people


def read_subject(message: object) -> str | None:
    """Return what a browser says it looks at, or None for anything that is not that."""
    if not isinstance(message, dict):
        return None
    subject = message.get("look")
    if not isinstance(subject, str) or not SUBJECT.fullmatch(subject):
        return None
    return subject
