"""Replay: the board at any second or event, read-only."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.models import BoardEvent, Investigation
from investigations.presenters.replay import build_frame, build_scrubber
from investigations.queries.access import access_investigation
from investigations.queries.replay import event_at, event_numbered, steps_around
from investigations.rules import can_view
from investigations.typed_text import read_number
from investigations.views.common import needs


@require_safe
@needs(can_view)
def replay(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The board at ``?t=`` (a time in UTC) or after event ``?n=``, with the scrubber."""
    investigation = access_investigation(request.user, incident_id)
    event, at, problem = _wanted(request, investigation)
    previous, following = steps_around(investigation, event.sequence)
    context = {
        "frame": build_frame(investigation, event, at=at),
        "scrubber": build_scrubber(investigation, at=at),
        "incident": investigation.incident, "may_respond": False, "problem": problem,
        "previous": previous, "next": following,
    }  # fmt: skip
    return render(request, "investigations/replay.html", context, status=422 if problem else 200)


@require_safe
@needs(can_view)
def replay_board(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The board alone, for the scrubber."""
    investigation = access_investigation(request.user, incident_id)
    event, at, problem = _wanted(request, investigation)
    context = {"frame": build_frame(investigation, event, at=at), "may_respond": False}
    code = 422 if problem else 200
    return render(request, "investigations/_replay_board.html", context, status=code)


def _wanted(request: HttpRequest, investigation: Investigation) -> tuple[BoardEvent, datetime, str]:
    number, time = request.GET.get("n", ""), request.GET.get("t", "")
    if number:
        sequence = read_number(number)
        event = event_numbered(investigation, sequence or investigation.last_sequence)
        return event, event.at, "" if sequence else "That is not the number of an event."
    last = event_numbered(investigation, investigation.last_sequence)
    if not time:
        return last, last.at, ""
    moment = _read_time(time)
    if moment is None:
        return last, last.at, "That is not a time. Write it like 2026-03-01T12:00:05Z."
    event = event_at(investigation, moment)
    return event, min(max(moment, event.at), last.at), ""


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
