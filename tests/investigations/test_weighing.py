"""A person weighs a card differently: beside the rules, told as dissent, never counted."""

import pytest

from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.hypotheses import StanceDraft, propose_hypothesis, record_stances
from investigations.enums import EvidenceKind
from investigations.models import AuditEntry, Diagnosis, PersonView, Stance
from investigations.presenters.matrix import build_matrix
from investigations.queries.board import apply_event, board_snapshot
from investigations.queries.rows import rows_at, rows_now
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def board():
    run = open_board()
    card = post_evidence(
        investigation_id=run.pk, author="agent/network", step_key="s",
        draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim="Loss 0 %", query="q", source="m",
                            result_digest="d", window_start=NOON, window_end=NOON),
    )  # fmt: skip
    loss = propose_hypothesis(investigation_id=run.pk, claim="packets are lost", author="agent/x")
    propose_hypothesis(investigation_id=run.pk, claim="the pool is small", author="agent/x")
    record_stances(investigation_id=run.pk, author="agent/reconciler",
                   drafts=[StanceDraft(card.pk, loss.pk, -8.0, "no loss is seen")])  # fmt: skip
    Diagnosis.objects.create(investigation=run, number=1, step_key="d", verdict="likely_cause",
                             hypothesis=loss, summary="x", confidence=0.7, cited=[1])  # fmt: skip
    return run


@pytest.fixture
def say(client, board):
    client.force_login(person("rosa", "responder"))

    def post(**given: str):
        given = {"hypothesis": "1", "kind": "supports", "reason": "the probe is blind"} | given
        return client.post(f"/i/{board.incident_id}/e/1/weigh/", given)

    return post


def test_it_stands_beside_the_rules_on_every_page_and_counts_nowhere(client, board, say) -> None:
    before = list(Stance.objects.values())
    assert say().headers["Location"].endswith("/e/1/#weigh")
    assert list(Stance.objects.values()) == before
    room = client.get(f"/i/{board.incident_id}/").content.decode()
    assert "<bdi>rosa</bdi>" in room
    assert "supports H1" in room
    matrix = client.get(f"/i/{board.incident_id}/matrix/").content.decode()
    assert "rosa weighs it differently: supports it, because the probe is blind" in matrix
    card = client.get(f"/i/{board.incident_id}/e/1/").content.decode()
    assert "the probe is blind" in card
    assert "Take it back" in card
    assert AuditEntry.objects.get(verb="stance.weighed").actor == "person/rosa"
    assert board.diagnoses.get().confidence == 0.7


def test_the_journal_tells_it_and_its_end_and_a_replay_shows_it(board, say) -> None:
    say()
    say()
    middle = board.events.count()
    say(reason="the probe is blind to small packets")
    say(kind="withdraw")
    say(kind="withdraw")
    assert board.events.filter(kind="view_recorded").count() == 3, (
        "what is the same is not said again"
    )
    folded: dict = {}
    for event in board.events.order_by("sequence"):
        apply_event(folded, event)
    assert folded["views"] == board_snapshot(board.pk).collections["views"]
    board.refresh_from_db()
    then = rows_at(board, sequence=middle)
    assert [v["withdrawn_at"] for v in then.views] == [None]
    assert [v["withdrawn_at"] is None for v in rows_now(board).views] == [False]
    assert "≠" not in str(build_matrix(board))
    assert all(not c.views for row in build_matrix(board).rows for c in row.cells)


def test_what_is_ruled_out_comes_after_what_is_in_play(board) -> None:
    """The ruled out one has fewer contradictions, and still does not come first."""
    rows = list(board.hypotheses.order_by("number"))
    while len(rows) < 3:
        rows.append(propose_hypothesis(investigation_id=board.pk, claim=f"cause {len(rows)}",
                                       author="agent/x"))  # fmt: skip
    out, weak, strong = rows[:3]
    for row, state, against in ((out, "ruled_out", 0), (weak, "open", 3), (strong, "leading", 1)):
        board.hypotheses.filter(pk=row.pk).update(state=state, posterior=0.5, refutes_count=against)
    shown = [h.number for h in build_matrix(board).hypotheses]
    assert shown[:2] == [strong.number, weak.number]
    assert shown.index(out.number) > 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"reason": " "}, "Say why"), ({"kind": "maybe"}, "Choose whether"),
        ({"kind": "refutes"}, "The rules say so too: E1 refutes H1"),
        ({"hypothesis": "2", "kind": "neutral"}, "The rules say so too: E1 says nothing of H2"),
        ({"hypothesis": "9"}, "There is no H9"), ({"reason": "x" * 501}, "At most 500"),
    ],
)  # fmt: skip
def test_what_says_nothing_new_is_refused_and_kept(say, given, why) -> None:
    answer = say(**given)
    assert (answer.status_code, PersonView.objects.count()) == (422, 0)
    assert why in answer.content.decode()
    assert given.get("reason", "the probe is blind") in answer.content.decode()


def test_two_people_differ_and_only_who_responds_may(client, board, say) -> None:
    say()
    client.force_login(person("mo", "responder"))
    say(kind="neutral", reason="one probe is no proof")
    assert PersonView.objects.count() == 2
    client.force_login(person("vic", "viewer"))
    assert say().status_code == 403
    page = client.get(f"/i/{board.incident_id}/e/1/?h=1").content.decode()
    assert "one probe is no proof" in page
    assert "Record my view" not in page
    assert "Take it back" not in page


def test_pages_ask_as_often_with_three_views_as_with_one(
    client, board, say, django_assert_max_num_queries
) -> None:
    seen = []
    for others in (["a"], ["b", "c"]):
        for name in others:
            client.force_login(person(name, "responder"))
            say()
        counts = []
        for path in ("", "matrix/", "e/1/"):
            client.get(f"/i/{board.incident_id}/{path}")
            with django_assert_max_num_queries(60) as captured:
                client.get(f"/i/{board.incident_id}/{path}")
            counts.append(len(captured))
        seen.append(counts)
    assert seen[0] == seen[1]
