"""Around an incident: who has seen it, who leads, what is told to others, by which links."""

from datetime import timedelta

import pytest

from investigations.domain import handoffs, lifecycle, sharing, updates
from investigations.domain.grades import grade_by_outcome, grade_by_person
from investigations.domain.handoffs import HandoffNote
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import writing
from investigations.domain.report_facts import read_facts
from investigations.domain.report_learning import follow_ups, graded, wrong
from investigations.enums import BoardEventKind, GradeValue, IncidentState
from investigations.errors import BoardError, NotFound
from investigations.models import (
    AuditEntry,
    Diagnosis,
    Handoff,
    Hypothesis,
    Investigation,
    ShareLink,
    StatusUpdate,
)
from investigations.queries.board import apply_event, board_snapshot, list_events
from investigations.queries.handoffs import list_pending_handoffs, prefill_note
from investigations.queries.objects import diagnosis_object
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOTE = HandoffNote("SEV2, open.", "H1 pool.", "A1 rollback: failed.", "A2 waits.", "Peak at noon.")


def offer(board, user, to="", note=NOTE):
    return handoffs.offer_handoff(investigation_id=board.pk, user=user, to_username=to, note=note)


def test_board_law_for_what_happens_around() -> None:
    board = open_board()
    mira, jo = person("mira", "responder"), person("jo", "approver")
    Diagnosis.objects.create(investigation=board, number=1, step_key="x", verdict="likely_cause",
                             summary="s", claim={"fault_class": "x"}, reached_at=NOON)  # fmt: skip
    start = board_snapshot(board.pk)
    lifecycle.acknowledge_incident(investigation_id=board.pk, user=mira)
    offer(board, mira, "jo")
    handoffs.accept_handoff(investigation_id=board.pk, number=1, user=jo)
    offer(board, jo)
    handoffs.withdraw_handoff(investigation_id=board.pk, number=2, user=jo)
    updates.post_update(investigation_id=board.pk, user=jo, text="We know.", impact="12% fail")
    sharing.create_share(investigation_id=board.pk, user=jo, hours=24, form_key="k")
    sharing.revoke_share(investigation_id=board.pk, number=1, user=mira)
    grade_by_outcome(diagnosis_id=Diagnosis.objects.get().pk, helped=False, reason="A1 x: no help")
    grade_by_person(investigation_id=board.pk, value=GradeValue.RIGHT, user=mira)
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/jo", reason="rolled back")  # fmt: skip
    lifecycle.take_lead(investigation_id=board.pk, user=mira)
    folded, events = start.collections, list_events(board.pk, after=start.sequence)
    for event in events:
        apply_event(folded, event)
    end = board_snapshot(board.pk)
    assert folded == end.collections
    assert {"handoffs", "updates", "shares", "grades"} <= set(end.collections)
    assert [e.sequence for e in events] == list(range(start.sequence + 1, end.sequence + 1))
    assert {"incident.acknowledged", "handoff.accepted", "share.revoked"} <= set(
        AuditEntry.objects.values_list("verb", flat=True)
    )


def test_who_acknowledges_first_leads_and_the_next_changes_nothing() -> None:
    board, mira, jo = open_board(), person("mira", "responder"), person("jo", "responder")
    for user in (mira, jo):
        row = lifecycle.acknowledge_incident(investigation_id=board.pk, user=user)
        assert (row.acknowledged_by, row.lead) == ("mira", "mira")
    assert board.events.count() == 2
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED, author="x",
                          reason="r")  # fmt: skip
    assert lifecycle.take_lead(investigation_id=board.pk, user=jo).lead == "jo"
    other = open_board()
    change_incident_state(investigation_id=other.pk, to=IncidentState.RESOLVED, author="x",
                          reason="r")  # fmt: skip
    with pytest.raises(BoardError, match="resolved"):
        lifecycle.acknowledge_incident(investigation_id=other.pk, user=mira)


def test_a_handoff_waits_for_its_person_and_makes_them_lead() -> None:
    board, mira, jo = open_board(), person("mira", "responder"), person("jo", "responder")
    ana = person("ana", "approver")
    made = offer(board, mira, "@jo")
    assert offer(board, mira, "jo").pk == made.pk
    assert [list_pending_handoffs(u) for u in (mira, jo, ana)] == [[], [made], []]
    with pytest.raises(BoardError, match="waits already"):
        offer(board, ana)
    with pytest.raises(BoardError, match="your own"):
        handoffs.accept_handoff(investigation_id=board.pk, number=1, user=mira)
    for _ in range(2):
        handoffs.accept_handoff(investigation_id=board.pk, number=1, user=jo)
    board.incident.refresh_from_db()
    assert board.incident.lead == "jo"
    assert list_pending_handoffs(jo) == []
    with pytest.raises(BoardError, match="taken by jo"):
        handoffs.withdraw_handoff(investigation_id=board.pk, number=1, user=mira)
    with pytest.raises(BoardError, match="already taken by jo"):
        handoffs.accept_handoff(investigation_id=board.pk, number=1, user=ana)
    with pytest.raises(NotFound):
        handoffs.accept_handoff(investigation_id=board.pk, number=9, user=ana)


def test_another_may_take_what_was_offered_to_one_who_sleeps() -> None:
    board, mira, ana = open_board(), person("mira", "responder"), person("ana", "responder")
    person("jo", "responder")
    offer(board, mira, "jo")
    handoffs.accept_handoff(investigation_id=board.pk, number=1, user=ana)
    told = board.events.order_by("-sequence")[1].payload["sentence"]
    assert told == "N1: ana has it, instead of jo"


def test_an_offer_ends_with_its_incident_and_may_be_declined() -> None:
    board, mira, jo = open_board(), person("mira", "responder"), person("jo", "responder")
    offer(board, mira, "jo")
    handoffs.withdraw_handoff(investigation_id=board.pk, number=1, user=jo)
    assert Handoff.objects.get(number=1).state == "declined"
    assert board.events.last().payload["sentence"] == "N1 declined by jo"
    made = offer(board, mira, "jo")
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/mira", reason="rolled back")  # fmt: skip
    made.refresh_from_db()
    assert (made.state, made.ended_at is not None) == ("lapsed", True)
    told = [e.payload["sentence"] for e in board.events.all()]
    assert f"N2 ended with INC-{board.incident_id}: nobody took it" in told
    # One that waits from before it was so ends nowhere, and is neither shown nor taken.
    Handoff.objects.filter(pk=made.pk).update(state="pending")
    assert list_pending_handoffs(jo) == []
    for ask in (lambda: handoffs.accept_handoff(investigation_id=board.pk, number=2, user=jo),
                lambda: offer(board, mira)):  # fmt: skip
        with pytest.raises(BoardError, match="is resolved: nobody needs to take it over"):
            ask()
    board.incident.refresh_from_db()
    assert board.incident.lead == ""


def test_whoever_is_everybody_but_the_one_who_offers() -> None:
    board, mira, jo = open_board(), person("mira", "responder"), person("jo", "responder")
    made = handoffs.offer_handoff(investigation_id=board.pk, user=mira)
    assert [list_pending_handoffs(u) for u in (mira, jo)] == [[], [made]]
    assert "SEV" in made.standing
    assert made.leading == "No hypothesis yet."
    assert made.check_at is not None


@pytest.mark.parametrize(
    ("to", "note", "reason"),
    [("mira", NOTE, "to yourself"), ("nobody", NOTE, "no responder"), ("vic", NOTE, "no responder"),
     ("", HandoffNote("x" * 2001, "", "", "", ""), "2000"),
     ("", HandoffNote("", "", "", "", "", NOON - timedelta(days=900)), "seven days")],
)  # fmt: skip
def test_a_handoff_that_cannot_be_is_refused(to, note, reason) -> None:
    board, mira = open_board(), person("mira", "responder")
    person("vic", "viewer")
    with pytest.raises(BoardError, match=reason):
        offer(board, mira, to, note)
    assert Handoff.objects.count() == 0


def test_an_update_sent_twice_is_told_once_and_the_impact_stays() -> None:
    board, mira = open_board(), person("mira", "responder")
    said = {"investigation_id": board.pk, "user": mira, "text": "We roll back."}
    first = updates.post_update(**said, impact="12% of checkouts fail", next_minutes=15)
    assert updates.post_update(**said).pk == first.pk
    assert first.next_due_at - first.posted_at == timedelta(minutes=15)
    later = updates.post_update(investigation_id=board.pk, user=mira, text="Rolled back.")
    assert (later.number, later.impact, later.next_due_at) == (2, "12% of checkouts fail", None)


def test_no_update_is_owed_once_it_is_over() -> None:
    """One rule for what is stored, what the status says and what a handoff says."""
    board, mira = open_board(), person("mira", "responder")
    said = {"investigation_id": board.pk, "user": mira, "next_minutes": 30}
    promised = updates.post_update(**said, text="We roll back.")
    waiting = prefill_note(board, now=NOON).waiting
    assert f"due at {promised.next_due_at:%H:%M}Z" in waiting
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/mira", reason="rolled back")  # fmt: skip
    board = Investigation.objects.select_related("incident").get(pk=board.pk)
    assert promised.due_at(board.incident) is None
    assert "status update is due" not in prefill_note(board, now=NOON).waiting
    assert updates.post_update(**said, text="It is over.").next_due_at is None


@pytest.mark.parametrize(
    "bad", [{"text": " "}, {"text": "x" * 1001}, {"text": "a", "impact": "x" * 501},
            {"text": "a", "next_minutes": -1}, {"text": "a", "next_minutes": 1441}],
)  # fmt: skip
def test_a_bad_update_is_refused(bad) -> None:
    board, mira = open_board(), person("mira", "responder")
    with pytest.raises(BoardError):
        updates.post_update(investigation_id=board.pk, user=mira, **bad)
    assert StatusUpdate.objects.count() == 0


def test_a_link_is_kept_hashed_and_ends() -> None:
    board, mira = open_board(), person("mira", "responder")
    link, token = sharing.create_share(investigation_id=board.pk, user=mira, hours=1, form_key="k")
    stored = {str(v) for v in ShareLink.objects.values().get().values()}
    assert len(token) >= 43
    assert not any(token in value for value in stored)
    assert token not in str([e.payload for e in board.events.all()])
    assert sharing.open_share(token).pk == link.pk
    link.refresh_from_db()
    assert (link.uses, link.last_used_at is not None) == (1, True)
    with pytest.raises(BoardError, match="shown once"):
        sharing.create_share(investigation_id=board.pk, user=mira, hours=1, form_key="k")
    with pytest.raises(BoardError, match="how long"):
        sharing.create_share(investigation_id=board.pk, user=mira, hours=999, form_key="m")
    ShareLink.objects.update(expires_at=NOON - timedelta(days=900))
    with pytest.raises(NotFound):
        sharing.open_share(token)


def test_a_revoked_link_opens_nothing_and_a_hasty_one_waits() -> None:
    board, mira = open_board(), person("mira", "responder")
    _, token = sharing.create_share(investigation_id=board.pk, user=mira, hours=24, form_key="k")
    for _ in range(sharing.BURST_MAX):
        sharing.open_share(token)
    with pytest.raises(sharing.TooManyReads):
        sharing.open_share(token)
    ShareLink.objects.update(burst_at=NOON - timedelta(days=900))
    assert sharing.open_share(token)
    for _ in range(2):
        sharing.revoke_share(investigation_id=board.pk, number=1, user=mira)
    with pytest.raises(NotFound):
        sharing.open_share(token)
    with pytest.raises(NotFound):
        sharing.open_share("x" * 43)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([], "No hypothesis yet."),
        (["proposed"], "No hypothesis has been tested yet."),
        (["ruled_out", "ruled_out"], "None leads: 2 of 2 ruled out."),
        (["ruled_out", "proposed"], "None leads: 1 of 2 ruled out; 1 not tested yet."),
        (["ruled_out", "open"], "H2 h2. Likely, 70%: 0 for, 0 against."),
    ],
)
def test_a_handoff_tells_what_was_tested(states, told) -> None:
    board = open_board()
    for number, state in enumerate(states, 1):
        sure = None if state == "proposed" else 0.7 if state == "open" else 0.02
        Hypothesis.objects.create(investigation=board, number=number, claim=f"h{number}",
                                  state=state, posterior=sure, author="agent/x")  # fmt: skip
    assert prefill_note(board, now=NOON).leading == told


def test_the_report_tells_who_or_what_graded_the_diagnosis() -> None:
    board, mira = open_board(), person("mira", "responder")
    found = Diagnosis.objects.create(investigation=board, number=1, step_key="x", summary="s",
                                     verdict="likely_cause", claim={"fault_class": "x"},
                                     reached_at=NOON)  # fmt: skip
    with writing(board.pk) as journal:
        journal.record(BoardEventKind.DIAGNOSIS_REACHED, author="agent/reconciler", sentence="s",
                       upsert={"diagnoses": {"D1": diagnosis_object(found)}})  # fmt: skip

    def told() -> tuple[str, str, str]:
        facts = read_facts(board.incident_id, list_events(board.pk, after=0))
        return graded(facts), "\n".join(wrong(facts)), "\n".join(follow_ups(facts))

    by, bad, next_ones = told()
    assert by == "nobody graded it"
    assert "nothing graded it" in bad
    assert "Grade the diagnosis" in next_ones
    grade_by_outcome(diagnosis_id=found.pk, helped=True, reason="A1 Roll back: verified")
    grade_by_outcome(diagnosis_id=found.pk, helped=True, reason="A1 Roll back: verified")
    assert board.events.filter(kind="diagnosis_graded").count() == 1
    by, bad, next_ones = told()
    assert by.startswith("graded right by what came of A1 Roll back: verified ")
    assert by.endswith(", by no person yet")
    assert "graded it" not in bad
    assert "Grade the diagnosis" in next_ones
    grade_by_person(investigation_id=board.pk, value=GradeValue.PARTLY, user=mira)
    by, bad, next_ones = told()
    assert by.startswith("graded partly by mira ")
    assert "D1 graded partly by mira" in bad
    assert "Grade the diagnosis" not in next_ones
