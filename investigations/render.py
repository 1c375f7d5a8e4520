"""Board events to the partials they change: rendered per audience."""

from collections.abc import Iterable

from django.template.loader import render_to_string

from investigations.domain.clock import database_now
from investigations.enums import BoardEventKind as Kind
from investigations.enums import SteeringKind
from investigations.models import BoardEvent, Evidence, Investigation
from investigations.presenters.axis import Axis
from investigations.presenters.cards import card_views
from investigations.presenters.light import LightRoom, light_room
from investigations.presenters.room import Room, build_room
from investigations.presenters.stream import AgentView
from investigations.queries.board import list_events
from investigations.queries.rows import NEWEST, Paging
from investigations.rules import AnyUser, can_approve, can_respond

SECTIONS: dict[str, tuple[str, ...]] = {
    Kind.INVESTIGATION_CHANGED: ("summary", "hypotheses", "timeline", "agents"),
    Kind.INCIDENT_CHANGED: ("summary", "timeline", "closing", "resolve"),
    Kind.ALERT_CHANGED: ("summary",),
    Kind.EVIDENCE_POSTED: ("filters", "agents"),
    Kind.HYPOTHESIS_CHANGED: ("hypotheses", "summary", "agents"),
    Kind.STANCE_RECORDED: ("stances",),
    Kind.DIAGNOSIS_REACHED: (
        "summary",
        "consensus",
        "reasons",
        "hypotheses",
        "stances",
        "deciding",
        "resolve",
    ),
    Kind.STEERING_CHANGED: ("messages", "agents"),
    Kind.ENTRY_CHANGED: (),
    Kind.HANDOFF_CHANGED: ("summary",),
    Kind.STATUS_POSTED: ("summary",),
    Kind.SHARE_CHANGED: (),
    Kind.REPORT_CHANGED: ("summary",),
    Kind.DIAGNOSIS_GRADED: (),
    Kind.VIEW_RECORDED: ("consensus",),
    Kind.LANES_READ: ("timeline", "summary"),
}
ENTRY_SECTIONS = {
    "agent": ("agents",), "lane": ("timeline", "summary"), "change": ("timeline",),
    "action": ("summary", "resolve", "consensus", "timeline"),
    "model_call": ("consensus",), "model_summary": ("consensus",),
}  # fmt: skip
# The cards whose stances a message brings: a verdict's, all of a usual board; else the newest.
WEIGHED = Paging(put_first=True, size=200)
MOVED = Paging(put_first=True, size=60)
# What needs no more of the board than :class:`LightRoom`: most messages of a running investigation.
LIGHT = {"filters", "agents", "messages"}
# The language model's row is there only once it has been asked something.
JOINS_LATER = "agent/model"
Audience = str


def audience_of(user: AnyUser) -> Audience:
    """Return the class of viewers that sees the same markup."""
    if can_approve(user):
        return "approver"
    return "responder" if can_respond(user) else "viewer"


def sections_of(events: Iterable[BoardEvent]) -> set[str]:
    """Return the sections that events change."""
    found: set[str] = set()
    for event in events:
        found.update(SECTIONS[event.kind])
        for piece in event.payload.get("upsert", {}).get("evidence", {}).values():
            found.update({"timeline"} if piece.get("onset_at") else ())
        for message in event.payload.get("upsert", {}).get("steering", {}).values():
            found.update({"stances"} if message["kind"] == SteeringKind.CHALLENGE else ())
        for key in event.payload.get("upsert", {}).get("entries", {}):
            found.update(ENTRY_SECTIONS.get(key.partition("/")[0], ()))
    return found


def render_update(
    investigation_id: int, *, after: int, audience: Audience
) -> dict[str, object] | None:
    """Return the message that brings a page from ``after`` to the newest event, or None."""
    events = list_events(investigation_id, after=after)
    return _render(investigation_id, events, audience) if events else None


def _paging(sections: set[str]) -> Paging:
    if "stances" not in sections:
        return NEWEST
    return WEIGHED if "consensus" in sections else MOVED


def _render(
    investigation_id: int, events: list[BoardEvent], audience: Audience
) -> dict[str, object]:
    investigation = Investigation.objects.select_related("incident").get(pk=investigation_id)
    sections = sections_of(events)
    if audience == "viewer":
        sections -= {"closing", "resolve"}
    is_light = sections <= LIGHT and not any(e.kind == Kind.DIAGNOSIS_REACHED for e in events)
    room: Room | LightRoom = (
        light_room(investigation)
        if is_light
        else build_room(
            investigation,
            now=database_now(),
            paging=_paging(sections),
            has_cards="stances" in sections,
            has_charts=False,
        )
    )
    context: dict[str, object] = {
        "room": room,
        "may_respond": audience in {"responder", "approver"},
        "may_approve": audience == "approver",
    }
    parts = [_partial(name, context) for name in sorted(sections - {"stances", "agents"})]
    parts += _agent_rows(room.agents, events, context)
    numbers = _posted(events)
    if numbers:
        parts.append(_new_cards(investigation, numbers, context, room.axis))
    if isinstance(room, Room) and "stances" in sections:
        parts += [
            f'<hx-partial hx-target="#ev-{c.row.number}-{name}" hx-swap="outerMorph">'
            f"{render_to_string(f'investigations/_{name}.html', {'card': c})}</hx-partial>"
            for c in (*room.deciding, *room.cards)
            for name in (("stance", "challenge") if c.challenge else ("stance",))
            if c.row.number not in numbers
        ]
    has_actions = any(
        key.startswith("action/")
        for event in events
        for key in event.payload.get("upsert", {}).get("entries", {})
    )
    return {
        "seq": events[-1].sequence,
        "from": events[0].sequence,
        "content": "".join(parts),
        "say": _sentence(room, events, len(numbers)),
        "actions": has_actions,
        "severity": investigation.incident.severity,
    }


def _partial(name: str, context: dict[str, object]) -> str:
    html = render_to_string(f"investigations/_{name}.html", context)
    return f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{html}</hx-partial>'


def _posted(events: list[BoardEvent]) -> set[int]:
    return {
        int(key.removeprefix("E"))
        for event in events
        if event.kind == Kind.EVIDENCE_POSTED
        for key in event.payload["upsert"]["evidence"]
    }


def _new_cards(
    investigation: Investigation, numbers: set[int], context: dict[str, object], axis: Axis
) -> str:
    rows = Evidence.objects.filter(investigation=investigation, number__in=numbers)
    cards = card_views(list(rows.select_related("challenges").order_by("number")), axis=axis)
    html = "".join(
        render_to_string("investigations/_evidence_card.html", {**context, "card": card})
        for card in cards
    )
    return f'<hx-partial hx-target="#evidence-buffer" hx-swap="beforeend">{html}</hx-partial>'


def _agent_rows(
    agents: tuple[AgentView, ...], events: list[BoardEvent], context: dict[str, object]
) -> list[str]:
    """Return the dock's rows that events change; the whole dock when another agent joins it."""
    keys = {key for event in events for key in event.payload["upsert"].get("entries", {})}
    if JOINS_LATER in keys:
        return [_partial("agents", context)]
    return [
        f'<hx-partial hx-target="#agent-{view.agent}" hx-swap="outerMorph">'
        f"{render_to_string('investigations/_agent.html', {**context, 'a': view})}</hx-partial>"
        for view in agents
        if _is_told(view.agent, events)
    ]


def _is_told(agent: str, events: list[BoardEvent]) -> bool:
    """Whether events change an agent's row: its own, or everybody's state."""
    return any(
        event.author == f"agent/{agent}"
        or event.kind in {Kind.INVESTIGATION_CHANGED, Kind.STEERING_CHANGED}
        or any(key.startswith("agent/") for key in event.payload["upsert"].get("entries", {}))
        for event in events
    )


def _sentence(room: Room | LightRoom, events: list[BoardEvent], posted: int) -> str:
    parts = []
    if posted:
        parts.append(f"{posted} new piece{'s' if posted > 1 else ''} of evidence.")
    if room.diagnosis and any(e.kind == Kind.DIAGNOSIS_REACHED for e in events):
        parts.append(f"{room.diagnosis.get_verdict_display()}: {room.diagnosis.summary[:140]}")
    return " ".join(parts)
