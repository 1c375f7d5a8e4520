"""An open socket closes soon after its person may no longer look, however that came about."""

import asyncio
from collections.abc import Callable
from importlib import import_module

import pytest
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client

from investigations import admission
from investigations.routing import websocket_urlpatterns
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
sessions = import_module(settings.SESSION_ENGINE)


@pytest.fixture
def client_of_mira() -> Client:
    client = Client()
    client.force_login(person("mira", "responder"))
    return client


def _socket(client: Client, incident_id: int) -> WebsocketCommunicator:
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return WebsocketCommunicator(
        AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
        f"/ws/i/{incident_id}/?after=999999",
        headers=[(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())],
    )


def _code_after(client: Client, deed: Callable[[], object], *, seconds: float) -> int | None:
    """Return the code with which the socket closes within the time after the deed, or None."""
    incident_id = open_board().incident_id

    async def watch() -> int | None:
        socket = _socket(client, incident_id)
        await socket.connect()
        await database_sync_to_async(deed)()
        try:
            found = await socket.receive_output(timeout=seconds)
            while found["type"] != "websocket.close":  # who is here is told meanwhile
                found = await socket.receive_output(timeout=seconds)
        except TimeoutError:
            return None
        await socket.disconnect()
        return int(found["code"])

    return asyncio.run(watch())


def _password() -> None:
    user = User.objects.get()
    user.set_password("another-long-password")
    user.save()


@pytest.mark.parametrize(
    "deed",
    [
        lambda: Session.objects.all().delete(),
        lambda: Session.objects.update(expire_date="2020-01-01T00:00:00Z"),
        lambda: User.objects.update(is_active=False),
        lambda: User.objects.get().groups.clear(),
        _password,
    ],
    ids=["signed out", "session expired", "closed", "no role", "password changed"],
)
def test_the_socket_closes(client_of_mira: Client, deed, monkeypatch) -> None:
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    assert _code_after(client_of_mira, deed, seconds=2) == 4401


def test_signing_out_on_the_page_closes_it_within_five_seconds(client_of_mira: Client) -> None:
    assert _code_after(client_of_mira, lambda: client_of_mira.post("/logout/"), seconds=5) == 4401


def test_a_person_who_may_look_keeps_it(client_of_mira: Client, monkeypatch) -> None:
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.05)
    viewer = Group.objects.get_or_create(name="viewer")[0]
    deed = lambda: User.objects.get().groups.set([viewer])  # noqa: E731
    assert _code_after(client_of_mira, deed, seconds=0.5) is None


def test_looking_costs_the_same_for_one_guest_and_for_many(django_assert_num_queries) -> None:
    async def never() -> None: ...

    def guests(count: int) -> list[admission.Guest]:
        found = []
        for number in range(count):
            user = person(f"p{count}-{number}", "viewer")
            session = sessions.SessionStore()
            session.create()
            found.append(admission.Guest(
                user.pk, session.session_key, user.get_session_auth_hash(), print, never
            ))  # fmt: skip
        return found

    for count in (1, 3):
        made = guests(count)
        with django_assert_num_queries(3):
            assert len(admission.entitled(made)) == count
