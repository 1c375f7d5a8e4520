"""The few parts of a room that change with every piece of evidence, without the rest of it."""

from dataclasses import dataclass

from django.db.models import Count

from investigations.enums import EntryKind
from investigations.models import BoardEntry, Diagnosis, Evidence, Incident, Investigation
from investigations.presenters import words
from investigations.presenters.axis import Axis, axis_of
from investigations.presenters.steering import Delivery, delivery_of
from investigations.presenters.stream import AgentView, agents_of
from investigations.queries.rows import MESSAGES


@dataclass(frozen=True, slots=True)
class LightRoom:
    """As :class:`investigations.presenters.room.Room`, for the dock, the filters and new cards."""

    incident: Incident
    investigation: Investigation
    evidence_count: int
    agent_counts: tuple[tuple[str, str, int], ...]
    agents: tuple[AgentView, ...]
    messages: tuple[Delivery, ...]
    axis: Axis
    diagnosis: Diagnosis | None = None


def light_room(investigation: Investigation) -> LightRoom:
    """Read what a new piece of evidence changes on the page, in four queries."""
    found = Evidence.objects.filter(investigation=investigation).values("author")
    counts = {
        row["author"].partition("/")[2]: row["number"]
        for row in found.annotate(number=Count("pk")).order_by()
    }
    entries = BoardEntry.objects.filter(investigation=investigation, kind=EntryKind.AGENT)
    return LightRoom(
        incident=investigation.incident,
        investigation=investigation,
        evidence_count=sum(counts.values()),
        agent_counts=tuple(
            (agent, words.NAMES[agent], counts.get(agent, 0))
            for agent in ("network", "deployment", "database", "resource")
        ),
        agents=agents_of(
            investigation, [e.data for e in entries], sequence=investigation.last_sequence
        ),
        messages=tuple(
            delivery_of(row) for row in investigation.steering.order_by("-number")[:MESSAGES]
        ),
        axis=axis_of(investigation),
    )
