"""Health, sign-in links, error pages, and the page of a browser that is offline."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.enums import Severity
from investigations.rules import can_view
from investigations.views.common import is_htmx, needs
from sre_workspace.accounts import is_link_live, redeem_sign_in_link
from sre_workspace.health import check_database, check_parts
from sre_workspace.navigation import APPEARANCE

YEAR_SECONDS = 365 * 24 * 3600


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 once every part serves, else 503; the body names each part. Open to all."""
    parts = check_parts()
    is_well = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ok" if is_well else "failing", "parts": parts}, status=200 if is_well else 503
    )


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while this process answers. Asks nothing of others: their fault must not restart it."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503.

    Redis and the workers do not count: without them people still read, and engage the kill switch.
    """
    state = check_database()
    return JsonResponse({"status": state}, status=200 if state == "ok" else 503)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button, then sign in: a link preview that only GETs does not use the link up."""
    if request.method == "POST":
        user = redeem_sign_in_link(token)
        if user is not None:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("/")
    is_live = request.method == "GET" and is_link_live(token)
    if not is_live and request.user.is_authenticated:
        return redirect("inbox")  # Who went back after signing in has used it up already.
    return render(
        request,
        "registration/sign_in_link.html",
        {"is_live": is_live},
        status=200 if is_live else 410,
    )


@require_POST
@login_required
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme or density in this browser, and go back to where it was chosen."""
    response = redirect(_back(request))
    for name, choices in APPEARANCE.items():
        if request.POST.get(name) in [value for value, _ in choices]:
            response.set_cookie(
                name, request.POST[name], max_age=YEAR_SECONDS, samesite="Lax",
                secure=settings.IS_BEHIND_TLS,
            )  # fmt: skip
    return response


@require_safe
@needs(can_view)
def patterns(request: HttpRequest) -> HttpResponse:
    """Every shared component in every state, for whoever changes one."""
    return render(request, "patterns.html", {"severities": Severity.choices})


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What a browser shows when it reaches no page. Open to all, and the same for everybody."""
    request.user = AnonymousUser()
    return render(request, "offline.html")


@require_safe
def offline_worker(request: HttpRequest) -> HttpResponse:
    """The script of the offline page, at the root: a worker sees only what is below its address."""
    path = finders.find("js/offline-worker.js")
    if not isinstance(path, str):
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _back(request: HttpRequest) -> str:
    """Return the path of the page that sent this form; never another site's."""
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()})
    return came_from if is_ours else "/"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A form that is too large, or a request that cannot be read."""
    if isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)):
        megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1_000_000
        text = f"That is more than a form may hold ({megabytes:.0f} MB). Nothing was done."
        return render(request, "refused.html", {"text": text}, status=400)
    return HttpResponseBadRequest("This request cannot be read.", content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 403 page."""
    return render(request, "403.html", status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token has gone stale: nothing was done.

    A script of our own pages gets the token to send instead, so that nothing typed is lost. Pages of
    other origins cannot read this answer, and their requests carry no session.
    """
    response = render(request, "403.html", {"is_csrf": True}, status=403)
    if is_htmx(request) and request.user.is_authenticated:
        response.headers["X-New-Token"] = get_token(request)
    return response
