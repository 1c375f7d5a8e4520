"""What every view of the board shares: who may, what refused, how to answer."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from investigations.errors import BoardError, NotFound
from investigations.rules import AnyUser

View = Callable[..., HttpResponseBase]


def needs(rule: Callable[[AnyUser], bool]) -> Callable[[View], View]:
    """Require a signed-in person for whom the rule holds; a missing row is a 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        @keeps_what_was_typed
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not rule(request.user):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404(str(error)) from error

        guarded.permission = rule.__name__  # type: ignore[attr-defined]  # read by the access test
        return guarded

    return decorate


def keeps_what_was_typed(view: View) -> View:
    """Answer 401 to a script's request of somebody signed out: a page to sign in is no answer."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_htmx(request) and not request.user.is_authenticated:
            text = "You are signed out. Nothing was done."
            context = {"text": text, "is_error": True}
            return render(request, "investigations/_answer.html", context, status=401)
        return view(request, *args, **kwargs)

    return answered


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person. Views behind ``needs`` always have one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def exact_bytes(body: bytes, digest: str, *, name: str) -> HttpResponse:
    """Answer a file of exactly the bytes that a digest is of, so that anybody can work it out anew.

    Raises:
        Http404: They are not those bytes.
    """
    if not has_digest(body, digest):
        raise Http404("What is kept are not the bytes that the digest is of.")
    answer = HttpResponse(body, content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


def has_digest(body: bytes, digest: str) -> bool:
    """Whether a SHA-256, as hex, is that of these bytes."""
    return sha256(body).hexdigest() == digest


def is_htmx(request: HttpRequest) -> bool:
    """Whether the browser will swap the answer into the page."""
    return request.headers.get("HX-Request") == "true"


def answer(
    request: HttpRequest, *, incident_id: int, text: str, status: int = 200, kept: str = "",
    link: tuple[str, str] = ("", ""),
) -> HttpResponse:  # fmt: skip
    """Answer a command: a line for htmx, else back to the room (or a page with the refusal).

    ``link`` is the address and the words of where to go next.
    """
    if is_htmx(request):
        context = {"text": text, "is_error": status >= 400, "kept": kept, "link": link}
        return render(request, "investigations/_answer.html", context, status=status)
    if status >= 400:
        return render(request, "refused.html", {"text": text, "kept": kept}, status=status)
    return redirect("room", incident_id=incident_id)


def refused(
    request: HttpRequest, error: BoardError, *, incident_id: int, kept: str = ""
) -> HttpResponse:
    """Answer a refusal with its sentence; what was typed is kept."""
    return answer(request, incident_id=incident_id, text=str(error), status=422, kept=kept)
