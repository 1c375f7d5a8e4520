"""The steer box reads strictly, says what it did, and sends nothing twice."""

import pytest

from investigations.domain import runs
from investigations.domain.hypotheses import (
    classify_hypothesis,
    propose_hypothesis,
    rule_out_hypothesis,
)
from investigations.domain.steering import COMMANDS, obey
from investigations.enums import SteeringKind, SteeringState
from investigations.errors import BoardError
from investigations.presenters.steering import delivery_of, steering_words
from investigations.presenters.stream import KINDS, agents_of, chosen_lines, typed_lines
from investigations.queries.board import apply_event, board_snapshot, list_events
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def board():
    return open_board()


@pytest.fixture
def mira():
    return person("mira", "responder")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@network check TLS", "Sent to @network."),
        ("@deploy who rolled out?", "Sent to @deploy."),
        ("@deployment who rolled out?", "Sent to @deploy."),
        ("look again", "Sent to all agents."),
        ("/hypothesis the pool is small", "H2 posted. Its card tells what the agents make of it."),
        ("/rule-out h1 because it is not", "H1 ruled out."),
        ("/focus payments", "Sent to all agents: look at payments."),
        ("/pause", "Paused. Running queries finish; nothing new starts."),
        ("/pause @database", "@database is paused. What it is asking now comes back; it starts nothing new."),
        ("/budget +5m", "300 s and 200 queries added."),
        ("/budget 30s", "30 s and 200 queries added."),
        ("/PROPOSE rollback payments because it began with it",
         "Asked for rollback of payments. The answer comes below; another person approves it."),
        ("/handoff",
         "Handoff offered to whoever takes it, with a note made from the board. Nobody leads until it is taken."),
    ],
)  # fmt: skip
def test_each_command_says_what_it_did(board, mira, text, said) -> None:
    propose_hypothesis(investigation_id=board.pk, claim="a first one", author="agent/x")
    assert obey(investigation=board, user=mira, text=text) == said


def test_what_stands_already_is_named_with_its_state(board, mira) -> None:
    pool = {"resource": "service/orders", "fault_class": "pool_exhaustion"}
    first = propose_hypothesis(investigation_id=board.pk, claim="the pool is small",
                               author="agent/x", **pool)  # fmt: skip
    rule_out_hypothesis(hypothesis_id=first.pk, reason="half of it is free", user=mira)
    said = obey(investigation=board, user=mira, text="/hypothesis The pool is small")
    assert said == "H1 says so already: ruled out."
    other = propose_hypothesis(investigation_id=board.pk, claim="orders is out of connections",
                               author="person/mira", posted_by=mira)  # fmt: skip
    row = classify_hypothesis(hypothesis_id=other.pk, note="x", author="agent/x", **pool)
    assert (row.fault_class, row.note) == (
        "", "The same cause as H1; tested there, and ruled out.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/pasue", "Did you mean /pause?"), ("/", "There is no /"), ("/rule-out", "Write it like this"),
        ("/rule-out H1", "Say why"), ("/rule-out H99 because no", "There is no H99"),
        ("@nobody hi", "There is no agent @nobody"), ("@network", "Say what"), ("", "Say what"),
        ("/focus", "Write it like this"), ("/focus payments 25:00-26:00", "Write it like this"),
        ("/focus payments 02:00-14:00", "at most 6 hours"), ("/budget lots", "Write it like this"),
        ("/budget +999999m", "Add between"), ("/propose rollback", "Write it like this"),
        ("/handoff @ghost", "ghost"), ("/stop", "Stop all actions"), ("/pause @reconciler", "There is no agent"),
        ("x" * 1001, "1,000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(board, mira, text, word) -> None:
    propose_hypothesis(investigation_id=board.pk, claim="a first one", author="agent/x")
    before = board_snapshot(board.pk)
    with pytest.raises(BoardError, match=word.replace("?", r"\?")):
        obey(investigation=board, user=mira, text=text)
    assert board_snapshot(board.pk) == before


def test_a_form_sent_twice_has_one_effect(board, mira) -> None:
    for _ in range(2):
        obey(investigation=board, user=mira, text="@network look at payments")
    obey(investigation=board, user=mira, text="/budget +5m")
    with pytest.raises(BoardError, match="a moment ago"):
        obey(investigation=board, user=mira, text="/budget +5m")
    board.refresh_from_db()
    assert board.steering.count() == 1
    assert board.budget_seconds == 420.0


def test_pausing_one_agent_is_on_the_board(board, mira) -> None:
    before = board_snapshot(board.pk)
    runs.pause_agent(investigation_id=board.pk, user=mira, agent="database")
    runs.pause_agent(investigation_id=board.pk, user=mira, agent="database")
    folded = before.collections
    events = list_events(board.pk, after=before.sequence)
    for event in events:
        apply_event(folded, event)
    assert folded == board_snapshot(board.pk).collections
    assert len(events) == 1
    board.refresh_from_db()
    dock = {a.agent: a.sentence for a in agents_of(board, [], sequence=board.last_sequence)}
    assert dock["database"] == "paused: by mira"
    runs.resume_agent(investigation_id=board.pk, user=mira, agent="database")
    board.refresh_from_db()
    assert board.paused_agents == {}


def test_the_way_of_a_message_is_told(board, mira) -> None:
    message = runs.steer(investigation_id=board.pk, user=mira, text="look", agent="network")
    assert delivery_of(message).trail == ("Sent",)
    message = runs.answer_steering(message_id=message.pk, to=SteeringState.READ,
                                   reply="Network looks again.", author="agent/reconciler")  # fmt: skip
    assert delivery_of(message).trail == (
        "Sent",
        "Read by Network",
        "Plan changed: Network looks again.",
    )
    other = runs.steer(investigation_id=board.pk, user=mira, text="x y", kind=SteeringKind.PROPOSE)
    other = runs.answer_steering(message_id=other.pk, to=SteeringState.DECLINED, reply="No x.",
                                 author="agent/remediation")  # fmt: skip
    assert delivery_of(other).trail == ("Sent", "Declined: No x.")


def test_the_stream_types_and_filters_the_journal(board, mira) -> None:
    runs.steer(investigation_id=board.pk, user=mira, text="look", agent="network")
    propose_hypothesis(investigation_id=board.pk, claim="the pool", author="agent/reconciler")
    lines = typed_lines(list_events(board.pk, after=0))
    assert {line.kind for line in lines} <= set(KINDS)
    human = chosen_lines(list_events(board.pk, after=0), agent="network", kind="Human")
    assert [(line.name, line.text) for line in human] == [("mira", "mira: look")]
    assert chosen_lines(list_events(board.pk, after=0), agent="nobody", kind="nothing") == lines


def test_the_dock_reads_only_what_is_new(board, mira, django_assert_num_queries) -> None:
    board.refresh_from_db()
    agents_of(board, [], sequence=board.last_sequence)
    with django_assert_num_queries(0):
        agents_of(board, [], sequence=board.last_sequence)
    runs.steer(investigation_id=board.pk, user=mira, text="look", agent="network")
    board.refresh_from_db()
    with django_assert_num_queries(1):
        dock = agents_of(board, [], sequence=board.last_sequence)
    assert dock[0].lines[0].text == "mira: look"


def test_completions_name_real_things(board, mira, django_assert_num_queries) -> None:
    person("jo", "approver")
    person("sam", "viewer")
    with django_assert_num_queries(1):
        words = steering_words(board, viewer=mira)
    assert {w.value.strip() for w in words if w.kind == "person"} == {"@jo"}
    assert "rollback" in {w.value.strip() for w in words if w.kind == "action"}
    typed = {w.value.strip().lstrip("/").split()[0] for w in words if w.kind == "command"}
    assert typed == set(COMMANDS)
