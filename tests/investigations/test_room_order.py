"""What a responder must find at once: the cards that decide, and how an incident is resolved."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from investigations import enums
from investigations.domain import hypotheses
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.incidents import change_incident_state
from investigations.enums import (
    DiagnosisVerdict,
    EvidenceKind,
    HypothesisState,
    IncidentState,
)
from investigations.models import Diagnosis, Evidence, Investigation
from investigations.queries.rows import PAGE
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
CARD = re.compile(r'<article class="card[^"]*" id="ev-(\d+)"')


def post(board: Investigation, count: int) -> list[Evidence]:
    start = board.evidence.count()
    return [
        post_evidence(
            investigation_id=board.pk, step_key=str(number), author="agent/network",
            draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=f"claim {number}", query="up",
                                result_digest="0" * 64, window_start=NOON, window_end=NOON),
        )
        for number in range(start, start + count)
    ]  # fmt: skip


def conclude(
    board: Investigation, weights: dict[int, float],
    verdict: DiagnosisVerdict = DiagnosisVerdict.LIKELY_CAUSE,
) -> None:  # fmt: skip
    """Let the board conclude on one hypothesis, of which numbers of evidence say this much."""
    row = hypotheses.propose_hypothesis(
        investigation_id=board.pk, claim="pool too small", author="agent/database"
    )
    found = {e.number: e.pk for e in board.evidence.all()}
    hypotheses.record_stances(
        investigation_id=board.pk, author="agent/reconciler",
        drafts=[hypotheses.StanceDraft(found[n], row.pk, w, "rule") for n, w in weights.items()],
    )  # fmt: skip
    Diagnosis.objects.create(
        investigation=board, number=1, step_key="x", verdict=verdict,
        confidence=0.8, hypothesis=row, fault_class="pool_exhaustion", resource="service/payments",
        summary="The pool is too small.", claim={},
    )  # fmt: skip


@pytest.fixture
def board() -> Investigation:
    """Return a board of sixty cards, of which old ones decide."""
    made = open_board()
    post(made, 60)
    conclude(made, {3: 9.0, 5: 4.0, 8: 7.0, 11: 2.0, 20: -5.0, 21: -1.5, 40: 0.2})
    return made


@pytest.fixture
def mira(client):
    client.force_login(person("mira", "responder"))
    return client


def cards(client, path: str) -> list[int]:
    answer = client.get(path)
    assert answer.status_code == 200
    return [int(n) for n in CARD.findall(answer.content.decode())]


def test_what_decides_stands_first_then_the_newest_each_once(mira, board) -> None:
    at = f"/i/{board.incident_id}/"
    first = cards(mira, at)
    assert first[:4] == [3, 8, 5, 20]
    assert first[4:] == list(range(60, 60 - PAGE + 4, -1))
    room = mira.get(at).content.decode()
    assert re.sub(r"<[^>]+>", "", room.partition('id="deciding"')[2].partition("</span>")[0]).endswith(
        "Decides for H1: E3, E8, E5 · against: E20"
    )  # fmt: skip
    # Who saw them arrive one by one has them in another order: how many would go first is told.
    assert ">Put these 4 first</a>" in room
    way = re.search(r'hx-get="([^"]+evidence/[^"]+)"', room)[1].replace("&amp;", "&")
    assert way.endswith("without=3.8.5.20")
    second = cards(mira, way)
    third_way = way.replace(f"before={first[-1]}", f"before={second[-1]}")
    assert sorted([*first, *second, *cards(mira, third_way)]) == list(range(1, 61))


def test_the_newest_first_is_an_address_of_its_own(mira, board) -> None:
    at = f"/i/{board.incident_id}/"
    assert cards(mira, f"{at}?order=newest") == list(range(60, 60 - PAGE, -1))
    assert cards(mira, f"{at}?before=30") == list(range(29, 4, -1))
    assert 3 in cards(mira, f"{at}?e=3")
    assert cards(mira, f"{at}evidence/?before=9&without=x.8.-1.99999999999") == [
        7,
        6,
        5,
        4,
        3,
        2,
        1,
    ]


def test_before_a_verdict_the_newest_stand_alone(mira) -> None:
    made = open_board()
    post(made, 3)
    assert cards(mira, f"/i/{made.incident_id}/") == [3, 2, 1]
    assert "Nothing decides yet" in mira.get(f"/i/{made.incident_id}/").content.decode()


def test_a_card_that_decides_says_so_of_the_leader(mira, board) -> None:
    rival = hypotheses.propose_hypothesis(investigation_id=board.pk, claim="dns", author="agent/x")
    hypotheses.record_stances(
        investigation_id=board.pk, author="agent/reconciler",
        drafts=[hypotheses.StanceDraft(board.evidence.get(number=3).pk, rival.pk, -20.0, "rule")],
    )  # fmt: skip
    room = mira.get(f"/i/{board.incident_id}/").content.decode()
    card = room.partition('id="ev-3"')[2].partition("</article>")[0]
    assert re.search(r'id="ev-3-stance"><span[^>]*>\+ supports H1<', card)


def test_a_card_speaks_last_of_what_speaks_for_a_cause_that_is_out(mira, board) -> None:
    out, live = (
        hypotheses.propose_hypothesis(investigation_id=board.pk, claim=claim, author="agent/x")
        for claim in ("dns", "a bug")
    )
    row = board.evidence.get(number=50)
    hypotheses.record_stances(
        investigation_id=board.pk, author="agent/reconciler",
        drafts=[hypotheses.StanceDraft(row.pk, out.pk, 9.0, "rule"),
                hypotheses.StanceDraft(row.pk, live.pk, 3.0, "rule")],
    )  # fmt: skip
    hypotheses.rule_out_hypothesis(
        hypothesis_id=out.pk, reason="no lookups fail", user=person("one-responder", "responder")
    )
    room = mira.get(f"/i/{board.incident_id}/").content.decode()
    card = room.partition('id="ev-50"')[2].partition("</article>")[0]
    assert re.search(rf'id="ev-50-stance"><span[^>]*>\+ supports H{live.number}<', card)


@pytest.mark.parametrize(
    ("verdict", "order"),
    [(DiagnosisVerdict.INCONCLUSIVE, [2, 1, 3]), (DiagnosisVerdict.LIKELY_CAUSE, [1, 3, 2])],
)
def test_without_a_verdict_the_likeliest_come_first(mira, verdict, order) -> None:
    made = open_board()
    post(made, 2)
    conclude(made, {1: 5.0}, verdict)
    one, two, three = made.hypotheses.get(), *(
        hypotheses.propose_hypothesis(investigation_id=made.pk, claim=claim, author="agent/x")
        for claim in ("dns", "a bug")
    )  # fmt: skip
    hypotheses.record_stances(
        investigation_id=made.pk, author="agent/reconciler",
        drafts=[hypotheses.StanceDraft(made.evidence.get(number=2).pk, two.pk, -3.0, "rule")],
    )  # fmt: skip
    hypotheses.record_assessments(
        investigation_id=made.pk, author="agent/reconciler",
        assessments=[
            hypotheses.Assessment(row.pk, HypothesisState.OPEN, enums.TestVerdict.INCONCLUSIVE, None, p)
            for row, p in ((one, 0.3), (two, 0.4), (three, 0.1))
        ],
    )  # fmt: skip
    room = mira.get(f"/i/{made.incident_id}/").content.decode()
    assert [int(n) for n in re.findall(r'<article class="hyp[^"]*" id="hyp-(\d+)"', room)] == order


def test_queries_do_not_grow_with_what_decides(mira) -> None:
    counts = []
    for weights in ({1: 5.0}, {1: 5.0, 2: 6.0, 3: 7.0, 4: -3.0}):
        made = open_board(f"payments slow {len(weights)}")
        post(made, 8)
        conclude(made, weights)
        mira.get(f"/i/{made.incident_id}/")
        with CaptureQueriesContext(connection) as asked:
            mira.get(f"/i/{made.incident_id}/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("role", "is_offered"), [("viewer", False), ("responder", True), ("approver", True)]
)
def test_resolving_is_offered_to_all_who_may_once_it_looks_over(
    client, board, role, is_offered
) -> None:
    client.force_login(person(f"one-{role}", role))
    at = f"/i/{board.incident_id}/"
    assert "resolve-reason" not in client.get(at).content.decode()
    change_incident_state(investigation_id=board.pk, to=IncidentState.MITIGATED,
                          author="person/noa", reason="rolled back")  # fmt: skip
    room = client.get(at).content.decode()
    assert ("resolve-reason" in room) is is_offered
    assert ('href="#resolve-reason"' in room) is is_offered
    sent = client.post(f"{at}state/", {"to": "resolved", "reason": "A1 helped."})
    assert sent.status_code == (302 if is_offered else 403)
    board.incident.refresh_from_db()
    assert board.incident.state == ("resolved" if is_offered else "mitigated")
    again = client.get(at).content.decode()
    assert "resolve-reason" not in again
    assert ("Open the report" in again) is is_offered
