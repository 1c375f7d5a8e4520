"""Where a browser's socket may come from: the page's own origin, port included."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LOCAL = ("localhost", "127.0.0.1", "[::1]")


class SameOriginOnly:
    """Close a socket whose page is of another host or port than the server that it asks.

    Cookies ignore ports: without this a page of another program on the same machine could read a
    board with the reader's session. ``CSRF_TRUSTED_ORIGINS`` are let in as well.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass the socket on, or refuse it before it is accepted (HTTP 403)."""
        headers = {k.lower(): v for k, v in scope.get("headers", [])}
        if is_allowed(_text(headers, b"origin"), _text(headers, b"host")):
            await self.application(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4403})


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip().lower()


def is_allowed(origin: str, host: str) -> bool:
    """Whether a page of the origin may open a socket to the host that it asked for."""
    if not origin or not host:
        return False
    if origin in {o.lower() for o in settings.CSRF_TRUSTED_ORIGINS}:
        return True
    allowed = list(settings.ALLOWED_HOSTS) or (list(LOCAL) if settings.DEBUG else [])
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, allowed):
        return False
    try:
        asked = urlsplit(origin)
    except ValueError:
        return False
    return asked.scheme in {"http", "https"} and _whole(asked.netloc, asked.scheme) == _whole(
        host, asked.scheme
    )


def _whole(netloc: str, scheme: str) -> str:
    """Return host and port, without the port that the scheme means anyway."""
    usual = ":443" if scheme == "https" else ":80"
    return netloc.removesuffix(usual)
