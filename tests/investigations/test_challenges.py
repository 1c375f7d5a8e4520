"""A challenge by a person leaves its mark, and what came of it, on the card."""

import pytest
from django.test import Client

from investigations.domain import runs
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.enums import EvidenceKind, SteeringState
from investigations.models import SteeringMessage
from investigations.presenters.room import room_of
from investigations.queries.rows import rows_at, rows_now
from investigations.render import render_update
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NO_OTHER = "No other query would show this; the card stands as it is."


@pytest.fixture
def board():
    found = open_board()
    for key in "ab":
        post_evidence(
            investigation_id=found.pk, step_key=key, author="agent/network",
            draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=f"p99 rose ({key})", query="q",
                                result_digest="d", window_start=NOON, window_end=NOON),
        )  # fmt: skip
    found.refresh_from_db()
    return found


def marks(rows) -> dict[int, str]:
    return {card.row.number: card.challenge for card in room_of(rows, now=NOON).cards}


def test_the_mark_says_who_asked_and_what_came_of_it(board) -> None:
    client = Client()
    client.force_login(person("rosa", "responder"))
    assert marks(rows_now(board)) == {1: "", 2: ""}
    client.post(f"/i/{board.incident_id}/e/1/challenge/")
    board.refresh_from_db()
    asked_at = board.last_sequence
    asked = "Challenged by rosa: another specialist is asked to re-check it."
    assert marks(rows_now(board)) == {1: asked, 2: ""}
    message = SteeringMessage.objects.get()
    for to in (SteeringState.READ, SteeringState.DECLINED):
        runs.answer_steering(
            message_id=message.pk, to=to, reply=NO_OTHER, author="agent/reconciler"
        )
    declined = f"Challenged by rosa: declined. {NO_OTHER}"
    board.refresh_from_db()
    assert marks(rows_now(board)) == {1: declined, 2: ""}
    assert marks(rows_at(board, sequence=asked_at)) == {1: asked, 2: ""}
    assert declined in client.get(f"/i/{board.incident_id}/").content.decode()
    told = str(render_update(board.pk, after=asked_at, audience="responder")["content"])
    assert f'<p class="meta" id="ev-1-challenge"><bdi>{declined}' in told
    assert "ev-2-challenge" not in told


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("hypotheses/", {"claim": "The certificate of cart ran out"}),
        ("steer/", {"text": "Thanks, all"}),
        ("steer/", {"text": "/focus cart"}),
        ("e/1/challenge/", {"reason": "Is that so?"}),
    ],
)
def test_a_verdict_of_a_resolved_incident_stays_until_it_is_opened_again(
    board, path: str, given: dict[str, str]
) -> None:
    client = Client()
    client.force_login(person("rosa", "responder"))
    root = f"/i/{board.incident_id}"
    client.post(f"{root}/state/", {"to": "resolved", "reason": "It is over"})
    board.refresh_from_db()
    before = board.last_sequence
    answer = client.post(f"{root}/{path}", given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "is resolved: its verdict stays as it was" in page
    assert next(iter(given.values())) in page, "what was typed is kept"
    board.refresh_from_db()
    assert (board.last_sequence, SteeringMessage.objects.count()) == (before, 0)
    client.post(f"{root}/state/", {"to": "open", "reason": "It is back"})
    assert client.post(f"{root}/{path}", given).status_code == 302
