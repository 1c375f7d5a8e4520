"""Open sockets and the people behind them: who may no longer look is shown out within seconds.

One look per process and ``LOOK_SECONDS`` at the database, whatever the number of sockets, asks for
all of them whether the session still exists, the person is active, has a role, and has the same
password. So it does not matter where a session ended or a right was taken: on a page, by a command,
or by hand.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from investigations.rules import can_view

LOOK_SECONDS = 3.0
BLIND_SECONDS = 30.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Guest:
    """One open socket. ``password_mark`` changes with the password; ``leave`` closes the socket."""

    person_id: int
    session_key: str
    password_mark: str
    meet: Callable[[User], None]
    leave: Callable[[], Coroutine[Any, Any, None]]


class Admission:
    """The guests of one process, and the task that looks after them while there are any."""

    def __init__(self) -> None:
        self._guests: set[Guest] = set()
        self._task: asyncio.Task[None] | None = None

    def enter(self, guest: Guest) -> None:
        """Look after a guest from now on. Call it from the event loop."""
        self._guests.add(guest)
        if (
            self._task is None
            or self._task.done()
            or self._task.get_loop() != asyncio.get_running_loop()
        ):
            self._task = asyncio.create_task(self._look_after())

    def exit(self, guest: Guest) -> None:
        """Forget a guest who has gone."""
        self._guests.discard(guest)

    def count(self, person_id: int) -> int:
        """Return how many sockets a person has open here."""
        return sum(g.person_id == person_id for g in self._guests)

    async def _look_after(self) -> None:
        blind = 0.0
        while self._guests:
            await asyncio.sleep(LOOK_SECONDS)
            known = list(self._guests)
            try:
                people = await database_sync_to_async(entitled)(known)
                blind = 0.0
            except DatabaseError as error:
                blind += LOOK_SECONDS
                log.warning("admission.blind", seconds=blind, error=type(error).__name__)
                if blind < BLIND_SECONDS:
                    continue
                people = {}
            for guest in known:
                if (person := people.get(guest)) is not None:
                    guest.meet(person)
            refused = [g for g in known if g not in people and g in self._guests]
            self._guests.difference_update(refused)
            await asyncio.gather(*(g.leave() for g in refused), return_exceptions=True)


def entitled(guests: list[Guest]) -> dict[Guest, User]:
    """Return those guests who may still look, each with the person as the database has them."""
    live = set(
        Session.objects.filter(
            session_key__in={g.session_key for g in guests}, expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    rows = User.objects.filter(pk__in={g.person_id for g in guests}, is_active=True)
    people = {row.pk: row for row in rows.prefetch_related("groups") if can_view(row)}
    marks = {pk: row.get_session_auth_hash() for pk, row in people.items()}
    return {
        g: people[g.person_id]
        for g in guests
        if g.session_key in live and marks.get(g.person_id) == g.password_mark
    }


admission = Admission()
