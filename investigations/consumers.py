"""The room's socket: resumable, and only for those who may look. It takes no commands."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import DatabaseError
from redis.exceptions import RedisError

from investigations.admission import Guest, admission
from investigations.broadcast import group_name
from investigations.domain.clock import database_now
from investigations.domain.visits import mark_seen
from investigations.errors import NotFound
from investigations.presence import REPEAT_SECONDS, Roster, read_subject
from investigations.queries.access import access_investigation
from investigations.queries.board import newest_sequence
from investigations.render import audience_of
from investigations.shared_updates import update_after
from investigations.typed_text import read_number

POLL_SECONDS = 10.0
PRESENCE_SECONDS = 2.0
SAY_SECONDS = 0.4
LONGEST_MESSAGE = 200
MAX_PER_PERSON = 20
SIGNED_OUT = 4401
NOT_FOUND = 4404
TOO_MANY = 4429
# A browser reconnects after this one.
BROKEN = 1011
# All that happened before the connection has been sent: the browser may say how much it was.
CAUGHT_UP = '{"ready": true}'
log = structlog.get_logger(__name__)


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Answers every other path as a room that is not there: with a close, not with a failure."""

    async def connect(self) -> None:
        """Close."""
        await self.accept()
        await self.close(NOT_FOUND)


class BoardConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Sends rendered updates after a cursor, and who is here. Commands go by HTTP POST."""

    cursor = 0
    looks_at = ""
    saying: asyncio.Task[None] | None = None
    guest: Guest | None = None
    is_for_presence = False
    is_for_bells = False

    async def connect(self) -> None:
        """Check access, take the cursor from ``?after=``, catch up, then follow the doorbell.

        With ``?only=presence`` nothing of the board is sent, and nothing counts as seen. With
        ``?only=bells`` only up to where the board has moved: the page then asks for its part anew.
        """
        await self.accept()
        self.lock = asyncio.Lock()
        self.tasks: list[asyncio.Task[None]] = []
        self.roster = Roster()
        self.roster_changed = asyncio.Event()
        self.user = self.scope["user"]
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        after = query.get("after", ["0"])[0]
        self.cursor = read_number(after) or 0
        self.is_for_presence = query.get("only") == ["presence"]
        self.is_for_bells = query.get("only") == ["bells"]
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
        self.group = group_name(self.investigation_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        self.tasks = [
            asyncio.create_task(self._every(POLL_SECONDS, self._beat)),
            asyncio.create_task(self._every(REPEAT_SECONDS, self._say_here)),
            asyncio.create_task(self._tell_people()),
        ]
        await self._catch_up()
        await self.send(text_data=CAUGHT_UP)
        await self._say_here(is_new=True)

    async def disconnect(self, code: int) -> None:
        """Leave."""
        for task in getattr(self, "tasks", []):
            task.cancel()
        if self.guest is not None:
            admission.exit(self.guest)
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)
            await self._tell_group({"gone": True})
            await self._keep_seen()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take what the browser says it looks at; ignore everything else."""
        if not text_data or len(text_data) > LONGEST_MESSAGE or not hasattr(self, "group"):
            return
        try:
            subject = read_subject(json.loads(text_data))
        except (ValueError, RecursionError):
            return
        if subject and subject.startswith("A") and self.audience != "approver":
            subject = ""  # Whoever reviews an action can decide on it.
        if subject is not None and subject != self.looks_at:
            self.looks_at = subject
            self._say_soon()

    async def board_bell(self, event: dict[str, Any]) -> None:
        """The board moved."""
        if event["sequence"] > self.cursor:
            await self._catch_up()

    async def board_presence(self, event: dict[str, Any]) -> None:
        """Somebody came, looks at something else, is still here, or left."""
        channel = event["channel"]
        if event.get("gone"):
            self.roster.leave(channel)
        else:
            self.roster.hear(
                channel, name=event["name"], looks_at=event["look"], now=time.monotonic()
            )
            if event["is_new"] and channel != self.channel_name:
                self._say_soon()
        self.roster_changed.set()

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do something again and again; a database that fails ends the socket, not only this."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except DatabaseError:
                await self.close(BROKEN)
                return

    async def _beat(self) -> None:
        """Heal a lost bell; let the browser tell a silent server from a quiet board; keep who looks."""
        if not await self._catch_up():
            await self.send(text_data="{}")
        self.roster_changed.set()
        await self._keep_seen()

    async def _say_here(self, *, is_new: bool = False) -> None:
        await self._tell_group(
            {"name": self.user.get_username(), "look": self.looks_at, "is_new": is_new}
        )

    def _say_soon(self) -> None:
        """Say it once for all that asks for it now: many rooms may open at the same moment."""
        if self.saying is None or self.saying.done():
            self.saying = asyncio.create_task(self._say_later())

    async def _say_later(self) -> None:
        await asyncio.sleep(SAY_SECONDS)
        await self._say_here()

    async def _tell_group(self, what: dict[str, object]) -> None:
        """Tell the other rooms; what is lost is said again at the next repetition."""
        message = {"type": "board.presence", "channel": self.channel_name, **what}
        try:
            await self.channel_layer.group_send(self.group, message)
        except (RedisError, OSError) as error:
            log.warning("presence.lost", error=type(error).__name__)

    async def _tell_people(self) -> None:
        """Send who is here when it changes, at most once in ``PRESENCE_SECONDS``."""
        while True:
            await self.roster_changed.wait()
            self.roster_changed.clear()
            people = self.roster.news(mine=self.channel_name, now=time.monotonic())
            if people is not None:
                await self.send(text_data=json.dumps({"people": people}))
                await asyncio.sleep(PRESENCE_SECONDS)

    async def _catch_up(self) -> bool:
        """Send what came after the cursor, to the end: a bell that was lost meanwhile is made good.

        Returns whether there was anything.
        """
        is_news = False
        if self.is_for_presence:
            return is_news
        if self.is_for_bells:
            return await self._ring()
        async with self.lock:
            while message := await update_after(
                self.investigation_id, after=self.cursor, audience=self.audience
            ):
                is_news = True
                self.cursor = message.sequence
                await self.send(text_data=message.text)
        return is_news

    async def _ring(self) -> bool:
        """Say up to where the board has moved, if it has. Returns whether it has."""
        newest = await self._newest()
        if newest <= self.cursor:
            return False
        self.cursor = newest
        await self.send(text_data=json.dumps({"seq": newest}))
        return True

    async def _keep_seen(self) -> None:
        """Keep how far the person has read. While somebody does, the lanes go on."""
        if self.cursor and not self.is_for_presence:
            await self._mark_seen(self.scope["url_route"]["kwargs"]["incident_id"])

    def _meet(self, person: User) -> None:
        """Show what the person may see from now on."""
        self.audience = audience_of(person)

    async def _leave(self) -> None:
        """Show out: signed out, closed, without a role, or with another password since."""
        await self.close(SIGNED_OUT)

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _mark_seen(self, incident_id: int) -> None:
        # Who follows one part of the board has not read all that it says.
        read = 0 if self.is_for_bells else self.cursor
        mark_seen(person_id=self.user.pk, incident_id=incident_id, sequence=read, at=database_now())

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _newest(self) -> int:
        return newest_sequence(self.investigation_id)

    @database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
    def _access(self, incident_id: int) -> int:
        investigation = access_investigation(self.user, incident_id)
        self.audience = audience_of(self.user)
        return int(investigation.pk)
