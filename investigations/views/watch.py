"""Change of watch: acknowledging, leading, handing over, taking over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from investigations.domain import handoffs, lifecycle
from investigations.domain.clock import database_now
from investigations.enums import HandoffState
from investigations.errors import BoardError, NotFound
from investigations.models import Investigation
from investigations.queries.access import access_investigation
from investigations.queries.handoffs import list_responders, prefill_note
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import answer, needs, person_of, refused

PARTS = (
    ("standing", "Where it stands"), ("leading", "Leading hypothesis"), ("tried", "What was tried"),
    ("waiting", "What waits"), ("risks", "Risks and gaps"),
)  # fmt: skip
CHECKS = (15, 30, 60, 120, 480)
SHOWN = 20
ROW, MOST_ROWS = 80, 14


@require_http_methods(["GET", "HEAD"])
@needs(can_view)
def handoff(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The note for the next lead, filled in from the board; the one that waits; those before."""
    return _page(request, access_investigation(request.user, incident_id))


def _page(
    request: HttpRequest, investigation: Investigation, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    rows = list(investigation.handoffs.select_related("to").order_by("-number")[:SHOWN])
    filled: Any = prefill_note(investigation, now=database_now())
    values = request.POST if request.method == "POST" else {}
    context = {
        "incident": investigation.incident, "refusal": refusal,
        "pending": next((h for h in rows if h.state == HandoffState.PENDING), None),
        "earlier": [h for h in rows if h.state != HandoffState.PENDING],
        "parts": [_part(n, label, values.get(n, getattr(filled, n))) for n, label in PARTS],
        "people": [u for u in list_responders() if u.pk != person_of(request).pk],
        "chosen": values.get("to", ""), "checks": CHECKS,
        "check": values.get("check_minutes", "30"), "limit": handoffs.MAX_PART,
    }  # fmt: skip
    return render(request, "investigations/handoff.html", context, status=status)


def _part(name: str, label: str, text: str) -> tuple[str, str, str, int]:
    """Return a part with as many rows as show all of its text, of about 80 characters each."""
    rows = sum(1 + len(line) // ROW for line in text.split("\n"))
    return name, label, text, min(MOST_ROWS, max(2, rows))


@require_POST
@needs(can_respond)
def offer(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Offer the lead with a note. A refusal keeps the note."""
    investigation = access_investigation(request.user, incident_id)
    minutes = read_number(request.POST.get("check_minutes", ""))
    texts = {name: request.POST.get(name, "").replace("\r\n", "\n") for name, _ in PARTS}
    check_at = database_now() + timedelta(minutes=minutes) if minutes else None
    try:
        handoffs.offer_handoff(
            investigation_id=investigation.pk, user=person_of(request),
            to_username=request.POST.get("to", ""),
            note=handoffs.HandoffNote(**texts, check_at=check_at),
        )  # fmt: skip
    except BoardError as error:
        return _page(request, investigation, refusal=str(error), status=422)
    return redirect("handoff", incident_id=incident_id)


@require_POST
@needs(can_respond)
def accept(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Take the handoff: I have it."""
    return _end(request, incident_id, number, handoffs.accept_handoff)


@require_POST
@needs(can_respond)
def withdraw(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Take the offer back."""
    return _end(request, incident_id, number, handoffs.withdraw_handoff)


def _end(
    request: HttpRequest, incident_id: int, number: int, change: Callable[..., object]
) -> HttpResponse:
    investigation = access_investigation(request.user, incident_id)
    try:
        change(investigation_id=investigation.pk, number=number, user=person_of(request))
    except NotFound:
        raise
    except BoardError as error:
        return _page(request, investigation, refusal=str(error), status=409)
    return redirect("handoff", incident_id=incident_id)


@require_POST
@needs(can_respond)
def acknowledge(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Say that somebody has seen it."""
    investigation = access_investigation(request.user, incident_id)
    try:
        row = lifecycle.acknowledge_incident(
            investigation_id=investigation.pk, user=person_of(request)
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id)
    text = f"Acknowledged by {row.acknowledged_by}. {row.lead} leads."
    return answer(request, incident_id=incident_id, text=text)


@require_POST
@needs(can_respond)
def lead(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Take the lead without a handoff."""
    investigation = access_investigation(request.user, incident_id)
    row = lifecycle.take_lead(investigation_id=investigation.pk, user=person_of(request))
    return answer(request, incident_id=incident_id, text=f"{row.lead} leads.")
