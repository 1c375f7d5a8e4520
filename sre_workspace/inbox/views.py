"""The inbox and its live part."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.domain.visits import SNOOZES, snooze
from investigations.enums import Severity
from investigations.errors import BoardError
from investigations.models import Incident
from investigations.practice import list_scenarios
from investigations.queries.access import access_incident
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of
from sre_workspace.inbox.queries import Inbox, InboxFilter, count_waiting, read_inbox

MAX_KNOWN = 400
SNOOZE_TEXTS = dict(zip(SNOOZES, ("30 min", "2 h", "8 h"), strict=True))


def _wanted(request: HttpRequest) -> InboxFilter:
    given = request.GET
    severity = given.get("severity", "")
    return InboxFilter(
        severity=severity if severity in Severity.values else "",
        service=given.get("service", "").strip()[:100],
        lead=person_of(request).get_username() if given.get("mine") else "",
        with_snoozed=bool(given.get("snoozed")),
    )


def _query(wanted: InboxFilter) -> str:
    given = {
        "severity": wanted.severity, "service": wanted.service,
        "mine": "1" if wanted.lead else "", "snoozed": "1" if wanted.with_snoozed else "",
    }  # fmt: skip
    return urlencode({name: value for name, value in given.items() if value})


def _keys(inbox: Inbox) -> list[str]:
    return [*(w.key for w in inbox.waiting), *(f"i{r.incident.pk}" for r in inbox.active)]


def _context(request: HttpRequest, known: list[str] | None) -> dict[str, Any]:
    """Return what the live part needs. ``known``: the keys the page shows, or None for all."""
    wanted = _wanted(request)
    inbox = read_inbox(person_of(request), wanted)
    keys = _keys(inbox)
    known = keys if known is None else known
    seen = set(known)
    return {
        "waiting": [w for w in inbox.waiting if w.key in seen],
        "active": [r for r in inbox.active if f"i{r.incident.pk}" in seen],
        "gone": [k for k in known if k not in set(keys)],
        "new_count": len(set(keys) - seen),
        "changes": inbox.changes, "snoozed": inbox.snoozed, "hidden_count": inbox.hidden_count,
        "wanted": wanted, "query": _query(wanted), "known": ",".join(known),
        "snoozes": SNOOZE_TEXTS, "severities": Severity.choices, "now": database_now(),
    }  # fmt: skip


@require_safe
@needs(can_view)
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for me, what is active, what moved on. Practice is one click away."""
    context = _context(request, None)
    may_respond = can_respond(request.user)
    is_empty = not context["waiting"] and not context["active"]
    context |= {
        "scenarios": list_scenarios() if may_respond else [],
        "last": Incident.objects.order_by("-pk").first() if is_empty else None,
        "is_empty": is_empty, "host": request.get_host(),
    }  # fmt: skip
    return render(request, "inbox/inbox.html", context)


@require_safe
@needs(can_view)
def live(request: HttpRequest) -> HttpResponse:
    """The same rows as they are now; what came since waits behind a button, so nothing moves."""
    known = [k for k in request.GET.get("known", "").split(",") if k][:MAX_KNOWN]
    return render(request, "inbox/_live.html", _context(request, known))


@require_safe
@needs(can_view)
def waiting(request: HttpRequest) -> HttpResponse:
    """How many things wait: what the header, the title and the app's badge count."""
    return JsonResponse({"count": count_waiting(person_of(request))})


@require_POST
@needs(can_view)
def snooze_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Hide an incident from this person's inbox for a while, or show it again."""
    incident = access_incident(request.user, incident_id)
    minutes = read_number(request.POST.get("minutes", ""))
    try:
        snooze(
            person=person_of(request), incident=incident, minutes=-1 if minutes is None else minutes
        )
    except BoardError as error:
        return render(request, "refused.html", {"text": str(error)}, status=422)
    return redirect("inbox")
