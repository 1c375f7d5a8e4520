"""The war room and its log."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.domain.visits import mark_seen
from investigations.models import Investigation
from investigations.presenters.model import ledger_of
from investigations.presenters.room import build_room
from investigations.presenters.steering import Word, steering_words
from investigations.presenters.stream import AGENTS, KINDS, chosen_lines
from investigations.presenters.words import NAMES
from investigations.queries.access import access_investigation
from investigations.queries.board import EVENT_PAGE, latest_events, list_events
from investigations.queries.deciding import FIRST
from investigations.queries.loop import loop_of
from investigations.queries.rows import PAGE, Paging
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of

# A phone is some eighty screens long with every event of an incident.
LOG_PAGE = 60
FILTERS = {"separates", "network", "deployment", "database", "resource", "human"}


@require_safe
@needs(can_view)
def room(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The war room. ``?before=`` and ``?order=`` choose cards, ``?e=`` opens at one."""
    investigation = access_investigation(request.user, incident_id)
    selected = read_number(request.GET.get("e", ""))
    paging = _paging(request, investigation, selected)
    now, only = database_now(), request.GET.get("only", "")
    view = build_room(investigation, now=now, paging=paging)
    mark_seen(
        person_id=person_of(request).pk, incident_id=incident_id, sequence=view.sequence, at=now
    )
    context = {
        "room": view,
        "before": paging.before,
        "without": [card.row.number for card in view.deciding],
        "selected": selected,
        "is_zoomed": request.GET.get("zoom") == "impact",
        "only": only if only in FILTERS else "",
        "steering_words": _words(request, investigation),
    }
    return render(request, "investigations/room.html", context)


def _paging(request: HttpRequest, investigation: Investigation, selected: int | None) -> Paging:
    """What decides comes first, then the newest; ``?order=newest`` and older pages lead with none."""
    before = read_number(request.GET.get("before", "")) or _page_of(investigation, selected)
    return Paging(before, put_first=before is None and request.GET.get("order") != "newest")


def _page_of(investigation: Investigation, number: int | None) -> int | None:
    """Return where to page back to so that a card is shown; None if it is on the first page."""
    newest = investigation.evidence.order_by("-number").values_list("number", flat=True).first()
    if newest is None or number is None or newest - number < PAGE - FIRST:
        return None
    return number + PAGE // 2


def _words(request: HttpRequest, investigation: Investigation) -> list[Word]:
    """Return what the steer box offers, to those who have one."""
    if not can_respond(request.user):
        return []
    return steering_words(investigation, viewer=person_of(request))


@require_safe
@needs(can_view)
def log(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The journal as typed sentences; ``agent`` and ``kind`` choose among them."""
    investigation = access_investigation(request.user, incident_id)
    ledger = ledger_of(investigation)
    context = {
        "incident": investigation.incident,
        "investigation": investigation,
        "loop": loop_of(investigation),
        # Without a language model there is none to choose.
        "agents": [(a, NAMES[a]) for a in AGENTS if a != "model" or ledger],
        "kinds": KINDS,
        "ledger": ledger,
        **_log_lines(request, investigation.pk),
    }
    return render(request, "investigations/log.html", context)


def _log_lines(request: HttpRequest, investigation_id: int) -> dict[str, object]:
    """Return a page of the log, the newest first; with ``?after=``, where links lead, in its order."""
    after, before = (read_number(request.GET.get(name, "")) for name in ("after", "before"))
    agent, kind = request.GET.get("agent", ""), request.GET.get("kind", "")
    limit = EVENT_PAGE if agent or kind or after is not None else LOG_PAGE
    if after is not None:
        events = list_events(investigation_id, after=after)
    else:
        events = latest_events(investigation_id, before=before, limit=limit)[::-1]
    lines = chosen_lines(events, agent=agent, kind=kind)
    is_whole = len(events) < limit
    return {
        "lines": lines if after is not None else lines[::-1],
        "last": None if is_whole or after is None else events[-1].sequence,
        "earlier": None if is_whole or after is not None else events[0].sequence,
        "is_newest_first": after is None, "is_latest": before is None,
        "agent": agent, "kind": kind,
    }  # fmt: skip
