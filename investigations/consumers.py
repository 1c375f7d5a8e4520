"""The room's socket: one way, resumable, and only for those who may look."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User

from investigations.admission import Guest, admission
from investigations.broadcast import group_name
from investigations.errors import NotFound
from investigations.queries.access import access_investigation
from investigations.render import audience_of, render_update
from investigations.typed_text import read_number

POLL_SECONDS = 10.0
MAX_PER_PERSON = 20
SIGNED_OUT = 4401
NOT_FOUND = 4404
TOO_MANY = 4429


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Answers every other path as a room that is not there: with a close, not with a failure."""

    async def connect(self) -> None:
        """Close."""
        await self.accept()
        await self.close(NOT_FOUND)


class BoardConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Sends rendered updates after a cursor. It takes no commands: those go by HTTP POST."""

    cursor = 0
    guest: Guest | None = None

    async def connect(self) -> None:
        """Check access, take the cursor from ``?after=``, catch up, then follow the doorbell."""
        await self.accept()
        self.lock = asyncio.Lock()
        self.tasks: list[asyncio.Task[None]] = []
        self.user = self.scope["user"]
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        after = query.get("after", ["0"])[0]
        self.cursor = read_number(after) or 0
        if not self.user.is_authenticated:
            await self.close(SIGNED_OUT)
            return
        if admission.count(self.user.pk) >= MAX_PER_PERSON:
            await self.close(TOO_MANY)
            return
        self.guest = Guest(
            person_id=self.user.pk, session_key=self.scope["session"].session_key or "",
            password_mark=self.user.get_session_auth_hash(), meet=self._meet, leave=self._leave,
        )  # fmt: skip
        admission.enter(self.guest)
        number = self.scope["url_route"]["kwargs"]["incident_id"]
        try:
            self.investigation_id = await self._access(number)
        except NotFound:
            await self.close(NOT_FOUND)
            return
        await self.channel_layer.group_add(group_name(self.investigation_id), self.channel_name)
        self.tasks = [asyncio.create_task(self._poll())]
        await self._catch_up()

    async def disconnect(self, code: int) -> None:
        """Leave."""
        for task in getattr(self, "tasks", []):
            task.cancel()
        if self.guest is not None:
            admission.exit(self.guest)
        if hasattr(self, "investigation_id"):
            await self.channel_layer.group_discard(
                group_name(self.investigation_id), self.channel_name
            )

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore whatever a client sends."""

    async def board_bell(self, event: dict[str, Any]) -> None:
        """The board moved."""
        if event["sequence"] > self.cursor:
            await self._catch_up()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._catch_up()

    async def _catch_up(self) -> None:
        async with self.lock:
            while True:
                message = await self._render()
                if message is None:
                    return
                self.cursor = int(str(message["seq"]))
                await self.send(text_data=json.dumps(message))

    def _meet(self, person: User) -> None:
        """Show what the person may see from now on."""
        self.audience = audience_of(person)

    async def _leave(self) -> None:
        """Show out: signed out, closed, without a role, or with another password since."""
        await self.close(SIGNED_OUT)

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _access(self, incident_id: int) -> int:
        investigation = access_investigation(self.user, incident_id)
        self.audience = audience_of(self.user)
        return int(investigation.pk)

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _render(self) -> dict[str, object] | None:
        return render_update(self.investigation_id, after=self.cursor, audience=self.audience)
