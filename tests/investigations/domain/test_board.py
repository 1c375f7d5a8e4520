"""The journal: append-only, gapless, chained; transitions; people's words."""

import itertools
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from investigations.domain import hypotheses, runs
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.journal import verify_chain
from investigations.domain.transitions import (
    HYPOTHESIS_EDGES,
    INCIDENT_EDGES,
    INVESTIGATION_EDGES,
    move,
)
from investigations.enums import EvidenceKind, HypothesisState, IncidentState, InvestigationState
from investigations.errors import BoardError, EvidenceRejected, IllegalTransition, StaleLease
from investigations.models import BoardEvent, Evidence, Hypothesis
from investigations.queries.board import apply_event, board_snapshot, list_events
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def draft(claim="p99 rose 6.1x", **more):
    board_window = {"window_start": NOON, "window_end": NOON + timedelta(minutes=10)}
    return EvidenceDraft(kind=EvidenceKind.METRIC, claim=claim, query="q", result_digest="d",
                         **{**board_window, **more})  # fmt: skip


def post(investigation, key="a", **more):
    return post_evidence(investigation_id=investigation.pk, draft=draft(**more), step_key=key,
                         author="agent/network")  # fmt: skip


def test_the_same_step_posts_once() -> None:
    board = open_board()
    assert post(board).pk == post(board).pk
    assert Evidence.objects.count() == 1
    assert BoardEvent.objects.filter(kind="evidence_posted").count() == 1


@pytest.mark.capability(32)
@pytest.mark.parametrize("missing", [{"query": ""}, {"result_digest": ""}, {"claim": " "}])
def test_evidence_without_a_citation_is_refused(missing) -> None:
    with pytest.raises(EvidenceRejected):
        post_evidence(investigation_id=open_board().pk, step_key="a", author="agent/network",
                      draft=EvidenceDraft(**{"kind": EvidenceKind.METRIC, "claim": "c", "query": "q",
                                             "result_digest": "d",
                                             "window_start": NOON,
                                             "window_end": NOON + timedelta(minutes=10), **missing}))  # fmt: skip


def test_numbers_that_json_does_not_know_are_posted_as_unknown() -> None:
    board = open_board()
    nan, endless = float("nan"), float("inf")
    row = post(board, magnitude=endless, sample={"values": [1.0, nan, {"x": (endless,)}]})
    row.refresh_from_db()
    assert (row.magnitude, row.sample) == (None, {"values": [1.0, None, {"x": [None]}]})


def test_a_lost_lease_writes_nothing() -> None:
    board = open_board()

    def fence() -> None:
        raise StaleLease("gone")

    before = board.events.count()
    with pytest.raises(StaleLease):
        post_evidence(investigation_id=board.pk, draft=draft(), step_key="a", author="agent/network",
                      fence=fence)  # fmt: skip
    assert (Evidence.objects.count(), board.events.count()) == (0, before)


@pytest.mark.capability(43)
@pytest.mark.parametrize("table", ["boardevent", "evidence", "diagnosis", "auditentry"])
@pytest.mark.parametrize("statement", ["DELETE FROM {0}", "UPDATE {0} SET id = id"])
def test_the_journal_cannot_be_rewritten(table, statement) -> None:
    from django.utils import timezone

    from investigations.models import Diagnosis

    board = open_board()
    post(board)
    Diagnosis.objects.create(investigation=board, number=1, step_key="x", verdict="no_fault",
                             summary="s", reached_at=timezone.now())  # fmt: skip
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(f"investigations_{table}"))


@pytest.mark.django_db(transaction=True)
def test_the_chain_is_gapless_and_a_tampering_shows() -> None:
    board = open_board()
    for key in "abc":
        post(board, key)
    assert [e.sequence for e in list_events(board.pk, after=0)] == list(range(1, 5))
    assert verify_chain(board.pk) is None
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE investigations_boardevent DISABLE TRIGGER append_only")
        cursor.execute("UPDATE investigations_boardevent SET author = 'x' WHERE sequence = 2")
        cursor.execute("ALTER TABLE investigations_boardevent ENABLE TRIGGER append_only")
    assert verify_chain(board.pk) == 2


def test_board_law_for_peoples_words() -> None:
    board = open_board()
    mira = person("mira", "responder")
    middle = board_snapshot(board.pk)
    row = hypotheses.propose_hypothesis(investigation_id=board.pk, claim="pool too small",
                                        author="person/mira", posted_by=mira)  # fmt: skip
    runs.steer(investigation_id=board.pk, user=mira, text="look at payments", agent="network")
    runs.add_budget(investigation_id=board.pk, user=mira, seconds=60)
    runs.pause_investigation(investigation_id=board.pk, user=mira)
    runs.resume_investigation(investigation_id=board.pk, user=mira)
    hypotheses.rule_out_hypothesis(hypothesis_id=row.pk, reason="it is not", user=mira)
    folded = middle.collections
    for event in list_events(board.pk, after=middle.sequence):
        apply_event(folded, event)
    assert folded == board_snapshot(board.pk).collections


@pytest.mark.parametrize(
    ("states", "edges", "make"),
    [
        (IncidentState, INCIDENT_EDGES, lambda b: b.incident),
        (InvestigationState, INVESTIGATION_EDGES, lambda b: b),
        (HypothesisState, HYPOTHESIS_EDGES,
         lambda b: Hypothesis.objects.create(investigation=b, number=1, claim="c", author="a")),
    ],
    ids=["incident", "investigation", "hypothesis"],
)  # fmt: skip
def test_every_edge_is_allowed_or_refused(states, edges, make) -> None:
    row, other = make(open_board()), open_board().incident

    def beside(state: str) -> dict:
        """A merged incident names the one that goes on, and only a merged one does."""
        return (
            {"merged_into": other if state == "merged" else None} if states is IncidentState else {}
        )

    for was, to in itertools.permutations(states.values, 2):
        type(row).objects.filter(pk=row.pk).update(state=was, **beside(was))
        row.state = was
        if to in edges[was]:
            move(row, to, **beside(to))
            assert type(row).objects.get(pk=row.pk).state == to
        else:
            with pytest.raises(IllegalTransition):
                move(row, to)


def test_a_move_from_a_state_that_is_gone_is_refused() -> None:
    board = open_board()
    type(board).objects.filter(pk=board.pk).update(state="stopped")
    with pytest.raises(IllegalTransition):
        move(board, InvestigationState.GATHERING)


@pytest.mark.parametrize("claim", ["", "   ", "x" * 501])
def test_bad_hypotheses_are_refused(claim) -> None:
    with pytest.raises(BoardError):
        hypotheses.propose_hypothesis(investigation_id=open_board().pk, claim=claim, author="a")
