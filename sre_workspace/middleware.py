"""What Django has no setting for: response headers, and harmful characters in what is sent."""

import codecs
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.http.request import UnreadablePostError

from investigations.typed_text import without_controls, without_reordering

Handler = Callable[[HttpRequest], HttpResponse]


class HardeningMiddleware:
    """Pages with incident data are never stored by a shared cache, and use no device features."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class TypedTextMiddleware:
    """No view sees control characters, or what turns text round, and no form but in UTF-8.

    Stands before the first reader of forms, which is the CSRF check. Bodies of views that have no
    CSRF check (the alerts' intake) are not read here: those views read and bound them themselves.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "")
        if charset:
            if request.content_type in FORMS and not _is_utf8(charset):
                return HttpResponseBadRequest("Send forms in UTF-8.", content_type="text/plain")
            request.encoding = "utf-8"  # else the query would be read in the body's charset
        request.GET = _cleaned(request.GET)  # type: ignore[assignment]  # immutable, as before
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> None:
        """Clean the form, if the view may have one."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        try:
            request.POST = _cleaned(request.POST)  # type: ignore[assignment]  # as above
        except UnreadablePostError:
            return  # The sender has gone; the CSRF check refuses what is left.


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in {"utf-8", "ascii"}
    except (LookupError, ValueError):
        return False


def _cleaned(given: QueryDict) -> QueryDict:
    copy = given.copy()
    for name, values in given.lists():
        copy.setlist(name, [without_reordering(without_controls(value)) for value in values])
    copy._mutable = False
    return copy
