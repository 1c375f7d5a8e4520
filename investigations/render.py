"""Board events to the partials they change: rendered once per (sequence, section, audience)."""

from collections import OrderedDict
from collections.abc import Iterable

from django.template.loader import render_to_string

from investigations.domain.clock import database_now
from investigations.enums import BoardEventKind as Kind
from investigations.models import BoardEvent, Evidence, Investigation
from investigations.presenters.room import Room, build_room, card_views
from investigations.queries.board import list_events
from investigations.rules import AnyUser, can_respond

CACHE_SIZE = 64
SECTIONS: dict[str, tuple[str, ...]] = {
    Kind.INVESTIGATION_CHANGED: ("summary", "timeline", "agents"),
    Kind.INCIDENT_CHANGED: ("summary", "timeline", "closing"),
    Kind.ALERT_CHANGED: ("summary",),
    Kind.EVIDENCE_POSTED: ("filters", "agents"),
    Kind.HYPOTHESIS_CHANGED: ("hypotheses", "summary", "agents"),
    Kind.STANCE_RECORDED: ("stances",),
    Kind.DIAGNOSIS_REACHED: ("summary", "consensus", "reasons", "hypotheses", "stances"),
    Kind.STEERING_CHANGED: ("messages", "agents"),
    Kind.ENTRY_CHANGED: (),
    Kind.HANDOFF_CHANGED: ("summary",),
    Kind.STATUS_POSTED: ("summary",),
    Kind.SHARE_CHANGED: (),
    Kind.REPORT_CHANGED: ("summary",),
    Kind.DIAGNOSIS_GRADED: (),
}
ENTRY_SECTIONS = {
    "agent": ("agents",), "lane": ("timeline",), "change": ("timeline",),
    "action": ("summary",), "model_call": ("consensus",), "model_summary": ("consensus",),
}  # fmt: skip
Audience = str
_cache: OrderedDict[tuple[int, int, int, Audience], dict[str, object]] = OrderedDict()


def audience_of(user: AnyUser) -> Audience:
    """Return the class of viewers that sees the same markup."""
    return "responder" if can_respond(user) else "viewer"


def sections_of(events: Iterable[BoardEvent]) -> set[str]:
    """Return the sections that events change."""
    found: set[str] = set()
    for event in events:
        found.update(SECTIONS[event.kind])
        for key in event.payload.get("upsert", {}).get("entries", {}):
            found.update(ENTRY_SECTIONS.get(key.partition("/")[0], ()))
    return found


def render_update(
    investigation_id: int, *, after: int, audience: Audience
) -> dict[str, object] | None:
    """Return the message that brings a page from ``after`` to the newest event, or None.

    Cached by (investigation, after, newest, audience): a hundred watchers cost one rendering.
    """
    events = list_events(investigation_id, after=after)
    if not events:
        return None
    newest = events[-1].sequence
    key = (investigation_id, after, newest, audience)
    if key in _cache:
        return _cache[key]
    message = _render(investigation_id, events, audience)
    _cache[key] = message
    while len(_cache) > CACHE_SIZE:
        _cache.popitem(last=False)
    return message


def _render(
    investigation_id: int, events: list[BoardEvent], audience: Audience
) -> dict[str, object]:
    investigation = Investigation.objects.select_related("incident").get(pk=investigation_id)
    sections = sections_of(events)
    if audience != "responder":
        sections.discard("closing")
    room = build_room(investigation, now=database_now())
    context = {"room": room, "may_respond": audience == "responder"}
    parts = [_partial(name, context) for name in sorted(sections - {"stances"})]
    numbers = _posted(events)
    if numbers:
        parts.append(_new_cards(investigation, numbers, context))
    if "stances" in sections:
        parts += [
            f'<hx-partial hx-target="#ev-{c.row.number}-stance" hx-swap="outerMorph">'
            f"{render_to_string('investigations/_stance.html', {'card': c})}</hx-partial>"
            for c in room.cards
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


def _new_cards(investigation: Investigation, numbers: set[int], context: dict[str, object]) -> str:
    rows = Evidence.objects.filter(investigation=investigation, number__in=numbers)
    cards = card_views(list(rows.select_related("challenges").order_by("number")))
    html = "".join(
        render_to_string("investigations/_evidence_card.html", {**context, "card": card})
        for card in cards
    )
    return f'<hx-partial hx-target="#evidence-buffer" hx-swap="beforeend">{html}</hx-partial>'


def _sentence(room: Room, events: list[BoardEvent], posted: int) -> str:
    parts = []
    if posted:
        parts.append(f"{posted} new pieces of evidence.")
    if room.diagnosis and any(e.kind == Kind.DIAGNOSIS_REACHED for e in events):
        parts.append(f"{room.diagnosis.get_verdict_display()}: {room.diagnosis.summary[:140]}")
    return " ".join(parts)
