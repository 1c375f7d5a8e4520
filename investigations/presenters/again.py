"""The command with which agents look again from where somebody stands on the board."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(hours=6)
SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Again:
    """What would be sent, and where and when the agents would look."""

    command: str
    place: str
    span: str


def again_of(
    resource: str, *, start: datetime | None = None, end: datetime | None = None
) -> Again | None:
    """Return the command, or None where the board names no single resource to look at.

    A window that a command cannot name (longer than six hours, or under a minute) is left out: then
    the agents look at their own window, with fresh telemetry.
    """
    place = resource.rpartition("/")[2]
    if not place or any(letter.isspace() for letter in place):
        return None
    span = ""
    if start is not None and end is not None and SHORTEST <= end - start <= LONGEST:
        span = f"{start:%H:%M}-{end:%H:%M}"
    return Again(f"/focus {place} {span}".strip(), place, span)
