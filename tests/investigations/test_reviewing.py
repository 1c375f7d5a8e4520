"""The socket of an action's own page: it tells who is there, and nothing of the board."""

import asyncio
import json

import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from investigations.models import Visit
from investigations.routing import websocket_urlpatterns
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def _cookie(name: str, role: str = "approver") -> bytes:
    client = Client()
    client.force_login(person(name, role))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()


def _socket(cookie: bytes, incident_id: int) -> WebsocketCommunicator:
    return WebsocketCommunicator(
        AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
        f"/ws/i/{incident_id}/?only=presence", headers=[(b"cookie", cookie)],
    )  # fmt: skip


def test_two_approvers_see_each_other_and_nothing_counts_as_seen() -> None:
    incident_id = open_board().incident_id
    cookies = [_cookie("mira"), _cookie("jo")]

    async def meet() -> tuple[list[dict], list[dict]]:
        sockets = [_socket(cookie, incident_id) for cookie in cookies]
        for socket in sockets:
            await socket.connect()
            await socket.send_to(text_data=json.dumps({"look": "A1"}))
        heard: list[dict] = []
        while not any(p["look"] for m in heard for p in m.get("people", ()) if p["name"] == "jo"):
            heard.append(json.loads(await sockets[0].receive_from(timeout=10)))
        await sockets[1].disconnect()
        while len(heard[-1].get("people", "xx")) != 1:
            heard.append(json.loads(await sockets[0].receive_from(timeout=10)))
        await sockets[0].disconnect()
        return heard, heard[-1]["people"]

    heard, last = asyncio.run(meet())
    assert all("seq" not in message and "content" not in message for message in heard)
    assert last == [{"name": "mira", "look": "A1", "me": True}]
    assert not Visit.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "responder"])
def test_who_cannot_decide_is_here_but_reviews_nothing(role) -> None:
    incident_id = open_board().incident_id
    cookies = [_cookie("mira"), _cookie("jo", role)]

    async def meet() -> list[dict]:
        sockets = [_socket(cookie, incident_id) for cookie in cookies]
        for socket in sockets:
            await socket.connect()
        for look in ("E1", "A1"):
            await sockets[1].send_to(text_data=json.dumps({"look": look}))
        await sockets[0].send_to(text_data=json.dumps({"look": "A1"}))
        people: list[dict] = []
        while not (len(people) == 2 and people[1]["look"] == "A1"):
            people = json.loads(await sockets[0].receive_from(timeout=10)).get("people", people)
        for socket in sockets:
            await socket.disconnect()
        return people

    assert asyncio.run(meet())[0] == {"name": "jo", "look": "", "me": False}


def test_who_is_signed_out_hears_nobody() -> None:
    incident_id = open_board().incident_id

    async def knock() -> int:
        socket = _socket(b"", incident_id)
        await socket.connect()
        return int((await socket.receive_output(timeout=5))["code"])

    assert asyncio.run(knock()) == 4401
