"""What is counted for a hypothesis says what it means beside the rival that leads."""

import re

import pytest

from investigations import enums
from investigations.domain import hypotheses
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.hypotheses import Assessment, StanceDraft
from investigations.enums import DiagnosisVerdict, EvidenceKind, HypothesisState
from investigations.models import Investigation
from investigations.presenters.matrix import build_matrix
from investigations.presenters.rivals import Rivalry
from investigations.presenters.room import room_of
from investigations.queries.rows import rows_at, rows_now
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SURE = 0.99
# By hypothesis: what E1 to E5 weigh. H2 fits almost as much, and nearly all of it fits H1 as well.
WEIGHTS = ((10.0, 3.0, 2.0, 6.0, 0.0), (0.0, 3.0, 2.0, 0.0, 1.5))


def weighed(claims: int = 2) -> Investigation:
    """Return a board whose H1 leads and whose others stand low, by these weights."""
    board = open_board()
    for number in range(1, 6):
        post_evidence(investigation_id=board.pk, step_key=f"s{number}", author="agent/network",
                      draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=f"fact {number}", query="q",
                                          result_digest="d", window_start=NOON, window_end=NOON))  # fmt: skip
    rows = [hypotheses.propose_hypothesis(investigation_id=board.pk, claim=f"cause {n}",
                                          author="person/mira" if n else "agent/reconciler")
            for n in range(claims)]  # fmt: skip
    pieces = list(board.evidence.order_by("number"))
    hypotheses.record_stances(investigation_id=board.pk, author="agent/reconciler", drafts=[
        StanceDraft(piece.pk, row.pk, weight, "rule")
        for place, row in enumerate(rows)
        for piece, weight in zip(pieces, WEIGHTS[min(place, 1)], strict=True)
    ])  # fmt: skip
    hypotheses.record_assessments(investigation_id=board.pk, author="agent/reconciler", assessments=[
        Assessment(row.pk, HypothesisState.OPEN if place else HypothesisState.LEADING,
                   enums.TestVerdict.INCONCLUSIVE, None, 0.01 if place else SURE)
        for place, row in enumerate(rows)
    ])  # fmt: skip
    reach_diagnosis(investigation_id=board.pk, step_key="verdict", author="agent/reconciler", draft=DiagnosisDraft(
        verdict=DiagnosisVerdict.LIKELY_CAUSE, summary="cause 0.", hypothesis_id=rows[0].pk,
        confidence=SURE, cited=[1], sources_answered=1, sources_asked=1,
    ))  # fmt: skip
    board.refresh_from_db()
    return board


def test_what_fits_the_leader_as_well_is_said_to_do_so(client) -> None:
    board = weighed()
    for rows in (rows_now(board), rows_at(board, sequence=board.last_sequence)):
        first, second = room_of(rows, now=NOON).hypotheses
        assert first.rivalry == Rivalry(fits=4, against=0)
        assert first.rivalry.told == "4 for · 0 against"
        assert second.rivalry == Rivalry(fits=3, against=0, leader=1, shared=2, ahead=(1, 4))
        assert second.rivalry.told == "3 fit it, 2 of them H1 too · 0 against"
    client.force_login(person("mira", "responder"))
    for path in ("", "h/2/"):
        page = client.get(f"/i/{board.incident_id}/{path}").content.decode()
        text = " ".join(re.sub(r"<[^>]+>", "", page).split())
        assert "3 fit it, 2 of them H1 too · 0 against" in text
        assert "H1 is ahead by E1 and E4" in text
    copied = client.get(f"/i/{board.incident_id}/analysis.md").content.decode()
    assert "3 fit it, 2 of them H1 too · 0 against" in copied


def test_parts_of_one_cause_stand_under_it_and_rivals_beside_it(client) -> None:
    """H2 is part of H1 and H4 the same as H2; H3 is a rival, and so is H5: its whole is ruled out."""
    board = weighed(6)
    notes = {2: "Part of H1: it says what is wrong.", 4: "The same cause as H2.",
             5: "Part of H6: it says what is wrong."}  # fmt: skip
    for number, note in notes.items():
        board.hypotheses.filter(number=number).update(note=note, posterior=SURE)
    board.hypotheses.filter(number=6).update(state="ruled_out")
    room = room_of(rows_now(board), now=NOON)
    told = {v.row.number: sorted(p.row.number for p in v.parts) for v in room.rivals}
    assert told == {1: [2, 4], 5: [], 3: [], 6: []}
    assert [v.row.number for v in room.foremost] == [1, 5]
    client.force_login(person("mira", "responder"))
    page = client.get(f"/i/{board.incident_id}/").content.decode()
    parts = re.search(
        r'<details class="parts" id="hyp-1-parts">.*?</details>\s*<article', page, re.DOTALL
    )[0]
    assert "<summary>Stand and fall with H1: H2, H4</summary>" in parts
    assert "hyp-2" in parts
    assert 'class="bar"' not in parts
    matrix = client.get(f"/i/{board.incident_id}/matrix/").content.decode()
    assert '<span class="meta">part of H1</span>' in matrix
    assert "it stands and falls with that one." in matrix
    signs = {c.hypothesis: c.sign for row in build_matrix(board).rows for c in row.cells}
    assert {n for n, sign in signs.items() if sign == "="} == {2, 4}, (
        "H5 stands by itself, as in the room"
    )
    part = board.hypotheses.get(number=2)
    hypotheses.record_assessments(investigation_id=board.pk, author="agent/reconciler", assessments=[
        Assessment(part.pk, HypothesisState.OPEN, enums.TestVerdict.SUPPORTED, None, 0.9, notes[2])
    ])  # fmt: skip
    said = board.events.order_by("sequence").last().payload["sentence"]
    assert said == "H2 stands and falls with H1, 90%: it is part of H1", "no second open one of 90%"


@pytest.mark.parametrize(
    ("rivalry", "told"),
    [
        (Rivalry(1, 2, 3, 1), "1 fits it, and H3 too · 2 against"),
        (Rivalry(1, 0, 3, 0), "1 fits it, not H3 · 0 against"),
        (Rivalry(5, 0, 3, 5), "5 fit it, all of them H3 too · 0 against"),
        (Rivalry(5, 0, 3, 0), "5 fit it, none of them H3 · 0 against"),
        (Rivalry(0, 1, 3, 0), "0 for · 1 against"),
    ],
)
def test_the_counts_are_whole_sentences(rivalry: Rivalry, told: str) -> None:
    assert rivalry.told == told


def test_a_room_asks_as_often_with_three_rivals_as_with_one(
    client, django_assert_max_num_queries
) -> None:
    client.force_login(person("mira", "responder"))
    seen = []
    for claims in (2, 4):
        board, counts = weighed(claims), []
        for path in ("", "h/2/"):
            client.get(f"/i/{board.incident_id}/{path}")
            with django_assert_max_num_queries(60) as captured:
                client.get(f"/i/{board.incident_id}/{path}")
            counts.append(len(captured))
        seen.append(counts)
    assert seen[0] == seen[1]
