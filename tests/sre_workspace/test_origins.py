"""A board's socket opens to pages of its own origin only, port included."""

import pytest
from channels.testing import WebsocketCommunicator

from sre_workspace.asgi import application
from sre_workspace.logging import hide_links
from sre_workspace.origins import is_allowed

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def hosts(settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "war.example", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://front.example"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://war.example", "war.example"),
        ("https://war.example:443", "war.example"),
        ("https://war.example", "war.example:443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://front.example", "war.example"),
    ],
)
def test_its_own_page_is_let_in(origin, host) -> None:
    assert is_allowed(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:18797", "127.0.0.1:8797"),
        ("https://localhost:9", "127.0.0.1:8797"),
        ("http://evil.example", "evil.example"),
        ("https://war.example.evil", "war.example"),
        ("https://war.example@evil.example", "war.example"),
        ("null", "war.example"),
        ("", "war.example"),
        ("https://war.example", ""),
        ("file://war.example", "war.example"),
        ("http://[", "war.example"),
    ],
)
def test_any_other_page_is_not(origin, host) -> None:
    assert not is_allowed(origin, host)


async def test_a_foreign_page_is_refused_before_the_socket_opens() -> None:
    headers = [(b"origin", b"http://127.0.0.1:9"), (b"host", b"127.0.0.1:8000")]
    socket = WebsocketCommunicator(application, "/ws/i/1/", headers=headers)
    connected, code = await socket.connect()
    assert (connected, code) == (False, 4403)


def test_a_sign_in_link_is_not_logged() -> None:
    event = {"event": "Method Not Allowed (PUT): /sign-in/aB3_x-9/", "level": "warning"}
    assert hide_links(None, "", event)["event"] == "Method Not Allowed (PUT): /sign-in/[hidden]/"
