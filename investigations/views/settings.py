"""Settings: where to find each, people and roles, tokens of alert senders, appearance."""

from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from investigations.domain.people import change_person
from investigations.domain.tokens import issue_token, revoke_token
from investigations.enums import Role
from investigations.errors import BoardError, NotFound
from investigations.queries.connections import list_checks, list_senders
from investigations.queries.people import list_people, list_tokens, list_webhooks
from investigations.rules import can_administer, can_view
from investigations.views.common import needs, person_of

ROLE_WORDS = {
    Role.VIEWER: "reads", Role.RESPONDER: "posts, steers, resolves",
    Role.APPROVER: "also approves actions", Role.ADMIN: "sets accounts and policy",
}  # fmt: skip


def _actor(request: HttpRequest) -> str:
    return f"person/{person_of(request).get_username()}"


@require_safe
@needs(can_view)
def settings(request: HttpRequest) -> HttpResponse:
    """Show what can be set and how each thing last went."""
    checks = list_checks().values()
    context = {
        "is_live": configured.TELEMETRY_DEFAULT["kind"] == "live",
        "good": sum(c.status in {"ok", "partial"} for c in checks),
        "bad": sum(c.status == "error" for c in checks),
        "checked_at": max((c.checked_at for c in checks if c.checked_at), default=None),
        "senders": [s for s in list_senders() if s.name != "lab"],
        "webhooks": list_webhooks(),
    }
    return render(request, "investigations/settings.html", context)


@require_safe
@needs(can_view)
def appearance(request: HttpRequest) -> HttpResponse:
    """Choose theme, density, keys, sound and time zone: kept in this browser."""
    return render(request, "investigations/settings_appearance.html")


@require_safe
@needs(can_administer)
def people(request: HttpRequest) -> HttpResponse:
    """List people with their roles."""
    return _people(request, "", 200)


def _people(request: HttpRequest, refusal: str, status: int) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    context = {
        "rows": list_people(text=text), "q": text, "refusal": refusal,
        "roles": [(role.value, ROLE_WORDS[role]) for role in Role],
    }  # fmt: skip
    return render(request, "investigations/settings_people.html", context, status=status)


@require_POST
@needs(can_administer)
def change(request: HttpRequest, person_id: int) -> HttpResponse:
    """Set a person's roles, and whether they may sign in."""
    try:
        change_person(
            person_id=person_id, roles=request.POST.getlist("roles"),
            is_active=request.POST.get("is_active") == "yes", actor=person_of(request),
        )  # fmt: skip
    except NotFound:
        raise
    except BoardError as error:
        return _people(request, str(error), 422)
    return redirect("people")


@require_safe
@needs(can_administer)
def tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens of alert senders."""
    return _tokens(request)


def _tokens(
    request: HttpRequest, *, made: str = "", refusal: str = "", kept: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "rows": list_tokens(), "made": made, "refusal": refusal, "kept": kept,
        "host": request.get_host(),
    }  # fmt: skip
    return render(request, "investigations/settings_tokens.html", context, status=status)


@require_POST
@needs(can_administer)
def make(request: HttpRequest) -> HttpResponse:
    """Make a token and show it: the only time it is seen."""
    name = request.POST.get("name", "")
    try:
        return _tokens(request, made=issue_token(name=name, actor=_actor(request)), kept=name)
    except BoardError as error:
        return _tokens(request, refusal=str(error), kept=name, status=422)


@require_POST
@needs(can_administer)
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke a token: its sender is refused from now on."""
    try:
        revoke_token(token_id=token_id, actor=_actor(request))
    except NotFound:
        raise
    except BoardError as error:
        return _tokens(request, refusal=str(error), status=422)
    return redirect("tokens")
