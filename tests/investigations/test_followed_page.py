"""A part of the board on a page of its own: its socket only rings, and the page asks for the part."""

import asyncio
import json
import re

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from investigations.domain.incidents import change_incident_state
from investigations.enums import IncidentState
from investigations.models import Visit
from investigations.routing import websocket_urlpatterns
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def follow(client: Client, incident_id: int, after: int) -> WebsocketCommunicator:
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return WebsocketCommunicator(
        AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
        f"/ws/i/{incident_id}/?only=bells&after={after}",
        headers=[(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())],
    )


def test_the_page_says_where_it_stands_and_its_socket_what_it_missed_and_each_move() -> None:
    board, client = open_board(), Client()
    client.force_login(person("vi", "viewer"))
    path = f"/i/{board.incident_id}/timeline/"
    page = client.get(path).content.decode()
    stood = int(re.search(r'data-follow="[^"]+" data-seq="(\d+)"', page)[1])
    assert f'data-follow="/ws/i/{board.incident_id}/?only=bells"' in page

    def resolve(to: IncidentState) -> None:
        change_incident_state(investigation_id=board.pk, to=to, author="person/jo", reason="made")

    resolve(IncidentState.MITIGATED)

    async def listen() -> list[dict]:
        socket = follow(client, board.incident_id, stood)
        await socket.connect()
        heard = [json.loads(await socket.receive_from(timeout=10))]
        await sync_to_async(resolve)(IncidentState.RESOLVED)
        while sum("seq" in message for message in heard) < 2:
            heard.append(json.loads(await socket.receive_from(timeout=15)))
        await socket.disconnect()
        return heard

    heard = asyncio.run(listen())
    board.refresh_from_db()
    rung = [message["seq"] for message in heard if "seq" in message]
    assert rung == sorted(set(rung))
    assert stood < rung[0] <= rung[-1] == board.last_sequence
    assert all("content" not in message for message in heard), "what the board says is asked for"
    assert not Visit.objects.filter(seen_sequence__gt=0).exists()
    part = client.get(f"{path}?lane=x", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="whole"')
    assert f'data-seq="{board.last_sequence}"' in part
    assert f'hx-get="{path}?lane=x"' in part


def test_who_may_not_look_hears_nothing() -> None:
    board, client = open_board(), Client()
    client.force_login(person("nobody"))

    async def refused() -> dict:
        socket = follow(client, board.incident_id, 0)
        await socket.connect()
        return await socket.receive_output(timeout=10)

    assert asyncio.run(refused())["type"] == "websocket.close"
