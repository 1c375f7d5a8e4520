"""Notifications: one's own mail, browsers and hours; for admins the shared webhooks."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from investigations.domain import channels as domain
from investigations.domain.clock import database_now
from investigations.errors import BoardError
from investigations.forms import PreferenceForm
from investigations.models import AttentionKind, Channel, WebhookFormat
from investigations.queries import people as queries
from investigations.rules import can_administer, can_view
from investigations.sending import mail, push
from investigations.views.common import needs, person_of

MAX_SUBSCRIPTION_BYTES = 8000


def _actor(request: HttpRequest) -> str:
    return f"person/{person_of(request).get_username()}"


@require_safe
@needs(can_view)
def notifications(request: HttpRequest) -> HttpResponse:
    """Show channels, hours and what was lately sent."""
    return _page(request)


def _page(
    request: HttpRequest, *, refusal: str = "", secret: str = "", form: PreferenceForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    user = person_of(request)
    own, is_admin = queries.list_own_channels(user), can_administer(user)
    webhooks = queries.list_webhooks() if is_admin else []
    key = settings.VAPID["private_key"]
    context = {
        "own": own, "webhooks": webhooks, "is_admin": is_admin, "refusal": refusal,
        "hosts": queries.list_hosts() if is_admin else [], "secret": secret,
        "log": queries.recent_deliveries([*own, *webhooks]), "now": database_now(),
        "form": form or PreferenceForm.of(queries.preference_of(user)),
        "has_mail": mail.is_configured(), "kinds": AttentionKind.choices,
        "formats": WebhookFormat.choices, "typed": request.POST,
        "address": next((c.target for c in own if c.kind == "email"), ""),
        "push_key": push.public_of(key) if key else "", "public_url": settings.PUBLIC_URL,
    }  # fmt: skip
    return render(request, "investigations/settings_notifications.html", context, status=status)


@require_POST
@needs(can_view)
def preferences(request: HttpRequest) -> HttpResponse:
    """Set what one is called for, and when not."""
    form = PreferenceForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        domain.set_preferences(user=person_of(request), **form.cleaned_data)
    except BoardError as error:
        form.add_error(None, str(error))
        return _page(request, form=form, status=422)
    return redirect("notifications")


@require_POST
@needs(can_view)
def own_mail(request: HttpRequest) -> HttpResponse:
    """Set or remove one's address."""
    try:
        domain.set_mail(user=person_of(request), address=request.POST.get("address", ""))
    except BoardError as error:
        return _page(request, refusal=str(error), status=422)
    return redirect("notifications")


@require_POST
@needs(can_view)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Take what a browser gave when its person agreed to be called by it."""
    if len(request.body) > MAX_SUBSCRIPTION_BYTES:
        return JsonResponse({"error": "That is too much."}, status=413)
    try:
        given = json.loads(request.body)
        endpoint, keys = str(given["endpoint"]), given["keys"]
        domain.subscribe(
            user=person_of(request), endpoint=endpoint, p256dh=str(keys["p256dh"]),
            auth=str(keys["auth"]), name=str(given.get("name", "")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return JsonResponse({"error": "The browser sent no subscription."}, status=400)
    except BoardError as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"said": "This browser is called from now on."})


@require_POST
@needs(can_administer)
def add_webhook(request: HttpRequest) -> HttpResponse:
    """Add a webhook and show its secret: the only time it is seen."""
    try:
        row = domain.add_webhook(
            name=request.POST.get("name", ""), url=request.POST.get("url", ""),
            format_name=request.POST.get("format", ""), events=request.POST.getlist("events"),
            has_practice=bool(request.POST.get("has_practice")), actor=_actor(request),
        )  # fmt: skip
    except BoardError as error:
        return _page(request, refusal=str(error), status=422)
    return _page(request, secret=domain.secret_of(row))


@require_POST
@needs(can_administer)
def allow_host(request: HttpRequest) -> HttpResponse:
    """Let webhooks go to a host."""
    try:
        domain.allow_host(
            host=request.POST.get("host", ""), is_internal=bool(request.POST.get("is_internal")),
            actor=_actor(request),
        )  # fmt: skip
    except BoardError as error:
        return _page(request, refusal=str(error), status=422)
    return redirect("notifications")


@require_POST
@needs(can_administer)
def forbid_host(request: HttpRequest, host_id: int) -> HttpResponse:
    """Let webhooks go there no more."""
    domain.forbid_host(host_id=host_id, actor=_actor(request))
    return redirect("notifications")


def _channel(request: HttpRequest, channel_id: int) -> Channel:
    user = person_of(request)
    return domain.access_channel(
        user=user, channel_id=channel_id, is_admin=can_administer(user)
    )  # fmt: skip


@require_POST
@needs(can_view)
def remove_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Remove one's own channel, or as an admin a shared one."""
    domain.remove_channel(channel=_channel(request, channel_id), actor=_actor(request))
    return redirect("notifications")


@require_POST
@needs(can_view)
def send_test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Send a test message."""
    domain.request_test(channel=_channel(request, channel_id))
    return redirect("channel_test", channel_id=channel_id)


@require_safe
@needs(can_view)
def channel_test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Show what the receiver really answered, as soon as it has."""
    channel = _channel(request, channel_id)
    context = {"channel": channel, "test": queries.last_test(channel)}
    is_part = request.headers.get("HX-Request") == "true"
    name = "_channel_test" if is_part else "channel_test"
    return render(request, f"investigations/{name}.html", context)
