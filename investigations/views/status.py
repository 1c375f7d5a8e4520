"""Status for the people who wait: the page, the updates, and the links for those without an account."""

import secrets
from collections import OrderedDict
from time import monotonic

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from investigations.domain import sharing, updates
from investigations.domain.clock import database_now
from investigations.domain.following import follow, following, unfollow
from investigations.errors import BoardError, NotFound
from investigations.models import Investigation
from investigations.presenters.status import build_status
from investigations.queries.access import access_incident, access_investigation
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import is_htmx, needs, person_of

MISSES_MAX = 30
MISSES_SECONDS = 60.0
_misses: OrderedDict[str, tuple[float, int]] = OrderedDict()


@require_safe
@needs(can_view)
def status(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Impact, since when, where it stands, the newest update, when the next one is due."""
    return _page(request, access_investigation(request.user, incident_id))


def _page(
    request: HttpRequest, investigation: Investigation, *, code: int = 200, **more: object
) -> HttpResponse:
    now = database_now()
    follows, has_channel = following(incident=investigation.incident, user=person_of(request))
    links = investigation.incident.share_links.order_by("-number")[:50]
    context = {
        "s": build_status(investigation.incident, now=now),
        "incident": investigation.incident,
        "links": [(x, x.revoked_at is None and x.expires_at > now) for x in links],
        "hours": sharing.CHOICES_HOURS, "default_hours": sharing.DEFAULT_HOURS,
        "form_key": secrets.token_urlsafe(16), "follows": follows, "has_channel": has_channel, **more,
    }  # fmt: skip
    return render(request, "investigations/status.html", context, status=code)


@require_POST
@needs(can_respond)
def post_update(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Tell the people who wait. What was typed is kept if it is refused."""
    investigation = access_investigation(request.user, incident_id)
    text, impact = request.POST.get("text", ""), request.POST.get("impact", "")
    minutes = read_number(request.POST.get("next_minutes", "0"))
    try:
        update = updates.post_update(
            investigation_id=investigation.pk, user=person_of(request), text=text, impact=impact,
            next_minutes=-1 if minutes is None else minutes,
        )  # fmt: skip
    except BoardError as error:
        if is_htmx(request):
            return _line(request, str(error), code=422)
        return _page(request, investigation, code=422, refusal=str(error), typed=text,
                     typed_impact=impact)  # fmt: skip
    if is_htmx(request):
        return _line(request, f"U{update.number} told to those who wait.")
    return redirect("status", incident_id=incident_id)


def _line(request: HttpRequest, text: str, *, code: int = 200) -> HttpResponse:
    context = {"text": text, "is_error": code >= 400}
    return render(request, "investigations/_answer.html", context, status=code)


@require_POST
@needs(can_view)
def follow_status(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Be told of updates, or no longer."""
    incident = access_incident(request.user, incident_id)
    change = unfollow if request.POST.get("do") == "stop" else follow
    change(incident=incident, user=person_of(request))
    return redirect("status", incident_id=incident_id)


@require_POST
@needs(can_respond)
def create_share(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Make a link and show its address, once."""
    investigation = access_investigation(request.user, incident_id)
    try:
        link, token = sharing.create_share(
            investigation_id=investigation.pk, user=person_of(request),
            hours=read_number(request.POST.get("hours", "")) or 0,
            form_key=request.POST.get("form_key", ""),
        )  # fmt: skip
    except BoardError as error:
        return _page(request, investigation, code=422, link_refusal=str(error))
    address = request.build_absolute_uri(f"/s/{token}/")
    return _page(request, investigation, made=link, address=address)


@require_POST
@needs(can_respond)
def revoke_share(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """End a link at once."""
    investigation = access_investigation(request.user, incident_id)
    sharing.revoke_share(investigation_id=investigation.pk, number=number, user=person_of(request))
    return redirect("status", incident_id=incident_id)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The status by a link: for whoever has its address. Touches no session and sets no cookie."""
    try:
        link = sharing.open_share(token)
    except NotFound as error:
        return _hidden(*_missed(request, str(error)))
    except sharing.TooManyReads as error:
        return _hidden(str(error), 429)
    now = database_now()
    context = {"s": build_status(link.incident, now=now), "until": link.expires_at}
    return _marked(HttpResponse(render_to_string("investigations/shared.html", context)))


def _missed(request: HttpRequest, text: str) -> tuple[str, int]:
    """Count an address that guesses. Who has a good link is never held up by it."""
    sender, now = request.META.get("REMOTE_ADDR", ""), monotonic()
    began, count = _misses.pop(sender, (now, 0))
    began, count = (now, 1) if now - began > MISSES_SECONDS else (began, count + 1)
    _misses[sender] = (began, count)
    while len(_misses) > 1000:
        _misses.popitem(last=False)
    return ("Too many tries. Wait a minute.", 429) if count > MISSES_MAX else (text, 404)


def _hidden(text: str, code: int) -> HttpResponse:
    body = render_to_string("investigations/shared_gone.html", {"text": text})
    response = _marked(HttpResponse(body, status=code))
    if code == 429:
        response.headers["Retry-After"] = "60"
    return response


def _marked(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
