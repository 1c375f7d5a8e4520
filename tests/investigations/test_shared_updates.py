"""Rooms that stand at the same event share one rendering, and nobody's leaving spoils it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import connection

from investigations import shared_updates
from investigations.domain.board import post_entry
from investigations.enums import EntryKind
from investigations.shared_updates import Message, update_after
from tests.factories.board import open_board

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def _post(investigation_id: int, key: str) -> None:
    post_entry(
        investigation_id=investigation_id, kind=EntryKind.CHANGE, key=key,
        data={"at": "2026-03-01T12:00:00Z", "title": key, "resource": "service/payments"}, author="agent/deployment",
        sentence=f"Change {key}",
    )  # fmt: skip


def _counted(queries: list[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    return note


@database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
def _watch_queries(queries: list[str]) -> None:
    connection.execute_wrappers.append(_counted(queries))


@database_sync_to_async  # type: ignore[untyped-decorator]  # channels has no types
def _watch_no_more() -> None:
    connection.execute_wrappers.clear()
    connection.close()


def _cost(rooms: int, investigation_id: int) -> tuple[list[Message | None], int]:
    """Return what so many rooms are sent at the same moment, and the queries of it."""

    async def ask() -> tuple[list[Message | None], int]:
        queries: list[str] = []
        await _watch_queries(queries)
        try:
            asked = [
                update_after(investigation_id, after=0, audience="viewer") for _ in range(rooms)
            ]
            return list(await asyncio.gather(*asked)), len(queries)
        finally:
            await _watch_no_more()

    return asyncio.run(ask())


def test_many_rooms_cost_the_queries_of_one() -> None:
    board = open_board()
    _cost(1, board.pk)  # opens the connection
    alone, few = _cost(1, board.pk)
    together, many = _cost(20, board.pk)
    assert few > 0
    assert many == few
    assert len({id(message) for message in together}) == 1
    assert together[0] is not None
    assert alone[0] is not None
    assert together[0].sequence == alone[0].sequence


def _run(story: Callable[[int], Awaitable[None]]) -> None:
    investigation_id = open_board().pk

    async def told() -> None:
        await story(investigation_id)
        await _watch_no_more()

    asyncio.run(told())


def test_those_who_watch_step_together_and_end_at_the_newest_event() -> None:
    async def story(board: int) -> None:
        first = await update_after(board, after=0, audience="viewer")
        assert first is not None
        await database_sync_to_async(_post)(board, "one")
        again = await update_after(board, after=0, audience="viewer")
        assert again is first, "whoever asks a moment later stands at the same event afterwards"
        second = await update_after(board, after=first.sequence, audience="viewer")
        assert second is not None
        assert second.sequence > first.sequence
        assert await update_after(board, after=second.sequence, audience="viewer") is None

    _run(story)


def test_that_nothing_was_new_is_not_remembered() -> None:
    async def story(board: int) -> None:
        first = await update_after(board, after=0, audience="viewer")
        assert first is not None
        assert await update_after(board, after=first.sequence, audience="viewer") is None
        await database_sync_to_async(_post)(board, "one")
        assert await update_after(board, after=first.sequence, audience="viewer") is not None

    _run(story)


def test_who_comes_later_is_brought_to_the_end_in_one_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_updates, "KEPT_SECONDS", 0.0)

    async def story(board: int) -> None:
        first = await update_after(board, after=0, audience="viewer")
        await database_sync_to_async(_post)(board, "one")
        later = await update_after(board, after=0, audience="viewer")
        assert first is not None
        assert later is not None
        assert later.sequence > first.sequence

    _run(story)


def test_whoever_asked_first_may_leave() -> None:
    async def story(board: int) -> None:
        first = asyncio.create_task(update_after(board, after=0, audience="viewer"))
        second = asyncio.create_task(update_after(board, after=0, audience="viewer"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is not None
        assert first.cancelled()

    _run(story)


def test_other_audiences_get_their_own() -> None:
    async def story(board: int) -> None:
        seen = [await update_after(board, after=0, audience=who) for who in ("viewer", "responder")]
        assert ["#closing" in message.text for message in seen if message] == [False, True]

    _run(story)


def _seconds_to_the_second_message(rooms: int) -> float:
    taken: list[float] = []

    async def story(board: int) -> None:
        asked = [update_after(board, after=0, audience="viewer") for _ in range(rooms)]
        first = (await asyncio.gather(*asked))[0]
        assert first is not None
        await database_sync_to_async(_post)(board, "one")
        began = time.monotonic()
        assert await update_after(board, after=first.sequence, audience="viewer") is not None
        taken.append(time.monotonic() - began)

    _run(story)
    return taken[0]


def test_a_room_that_joins_counts_from_its_first_message_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_updates, "PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(shared_updates, "LONGEST_PAUSE_SECONDS", 0.5)
    taken: list[float] = []

    async def story(board: int) -> None:
        first = await update_after(board, after=0, audience="viewer")
        assert first is not None
        await database_sync_to_async(_post)(board, "one")
        began = time.monotonic()
        both = [update_after(board, after=first.sequence, audience="viewer") for _ in range(2)]
        assert None not in await asyncio.gather(*both)
        taken.append(time.monotonic() - began)

    _run(story)
    assert taken[0] > 0.4


def test_many_rooms_get_fewer_messages_and_one_room_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_updates, "PAUSE_SECONDS", 1.0)
    monkeypatch.setattr(shared_updates, "LONGEST_PAUSE_SECONDS", 1.5)
    assert _seconds_to_the_second_message(1) < 0.7
    assert _seconds_to_the_second_message(2) > 0.7
    assert 1.2 < _seconds_to_the_second_message(9) < 3.0


def test_only_so_many_are_kept() -> None:
    async def story(board: int) -> None:
        for number in range(shared_updates.MAX_KEPT + 20):
            await database_sync_to_async(_post)(board, str(number))
            await update_after(board, after=number, audience="viewer")
        loop = asyncio.get_running_loop()
        assert len(shared_updates._by_loop[loop].kept) <= shared_updates.MAX_KEPT
        assert len(shared_updates._by_loop[loop].newest) == 1

    _run(story)
