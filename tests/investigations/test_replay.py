"""A replay shows, at each event, what the room showed then."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.template.loader import render_to_string

from investigations.domain import hypotheses, runs
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import writing
from investigations.enums import BoardEventKind as Kind
from investigations.enums import EvidenceKind, IncidentState
from investigations.models import Investigation
from investigations.presenters.room import room_of
from investigations.queries.replay import steps_around
from investigations.queries.rows import rows_at, rows_now
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PARTIALS = ("summary", "timeline", "hypotheses", "filters", "consensus", "reasons", "agents",
            "messages")  # fmt: skip
SEEN_AT = NOON + timedelta(minutes=20)


def seen_text(rows) -> str:
    """Return the text of every partial of the room, without markup."""
    room = room_of(rows, now=SEEN_AT)
    context = {"room": room, "may_respond": False}
    parts = [render_to_string(f"investigations/_{name}.html", context) for name in PARTIALS]
    parts += [
        render_to_string("investigations/_evidence_card.html", {**context, "card": card})
        for card in room.cards
    ]
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(parts)).split())


def drive(board: Investigation):
    """Yield after each thing that agents and people do."""
    mira = person("mira", "responder")
    window = {"window_start": NOON, "window_end": NOON + timedelta(minutes=10)}
    for key in "ab":
        yield post_evidence(
            investigation_id=board.pk, step_key=key, author="agent/network",
            draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=f"p99 rose ({key})", query="q",
                                result_digest="d", **window),
        )  # fmt: skip
    first = hypotheses.propose_hypothesis(investigation_id=board.pk, claim="pool too small",
                                          author="person/mira", posted_by=mira)  # fmt: skip
    yield first
    second = hypotheses.propose_hypothesis(investigation_id=board.pk, claim="dns", author="agent/x")
    yield second
    pieces = list(board.evidence.order_by("number"))
    for weight in (6.0, -4.0):
        yield hypotheses.record_stances(
            investigation_id=board.pk, author="agent/reconciler",
            drafts=[hypotheses.StanceDraft(p.pk, h.pk, weight * sign, "rule")
                    for p in pieces for h, sign in ((first, 1), (second, -1))],
        )  # fmt: skip
    yield runs.steer(investigation_id=board.pk, user=mira, text="look at payments", agent="network")
    yield runs.pause_investigation(investigation_id=board.pk, user=mira)
    yield runs.resume_investigation(investigation_id=board.pk, user=mira)
    yield hypotheses.rule_out_hypothesis(hypothesis_id=second.pk, reason="resolves", user=mira)
    for to in (IncidentState.MITIGATED, IncidentState.RESOLVED, IncidentState.OPEN):
        yield change_incident_state(investigation_id=board.pk, to=to, author="person/mira",
                                    reason="because")  # fmt: skip


def recorded(board: Investigation) -> tuple[int, str]:
    board.refresh_from_db()
    fresh = Investigation.objects.select_related("incident").get(pk=board.pk)
    return fresh.last_sequence, seen_text(rows_now(fresh))


def test_replay_equals_the_room_after_each_deed() -> None:
    board = open_board()
    moments = dict([recorded(board), *(recorded(board) for _ in drive(board))])
    assert len(moments) == 14
    assert len(set(moments.values())) > 8
    now = Investigation.objects.select_related("incident").get(pk=board.pk)
    for sequence, text in moments.items():
        assert seen_text(rows_at(now, sequence=sequence)) == text, sequence


def test_replay_leaves_the_rows_as_they_are() -> None:
    board = open_board()
    list(drive(board))
    now = Investigation.objects.select_related("incident").get(pk=board.pk)
    before = recorded(board)
    assert rows_at(now, sequence=1).investigation.incident.state == IncidentState.OPEN
    assert recorded(board) == before
    assert (now.last_sequence, now.incident.resolution) == (before[0], "because")


def test_replay_of_a_worked_incident_ends_at_the_room(lab_incident) -> None:
    board = lab_incident("retry_storm").investigation
    sequence, text = recorded(board)
    assert board.diagnoses.exists()
    now = Investigation.objects.select_related("incident").get(pk=board.pk)
    assert seen_text(rows_at(now, sequence=sequence)) == text
    for earlier in range(1, sequence, 7):
        assert seen_text(rows_at(now, sequence=earlier))
    # What is weighed anew later does not reach back.
    leader = board.diagnoses.order_by("-number")[0].hypothesis
    drafts = [hypotheses.StanceDraft(p.pk, leader.pk, 99.0 - p.number, "rule")
              for p in board.evidence.all()]  # fmt: skip
    hypotheses.record_stances(investigation_id=board.pk, author="agent/reconciler", drafts=drafts)
    assert recorded(board)[1] != text
    assert seen_text(rows_at(now, sequence=sequence)) == text


def test_a_step_passes_over_readings_of_curves_and_a_moment_shows_them(client) -> None:
    board = open_board()
    list(drive(board))
    client.force_login(person("vic", "viewer"))
    page = f"/i/{board.incident_id}/replay/"
    board.refresh_from_db()
    told = board.last_sequence
    with writing(board.pk) as journal:
        for _ in range(39):
            journal.record(Kind.LANES_READ, author="system", sentence="On they go", upsert={})
        journal.record(Kind.STEERING_CHANGED, author="person/mira", sentence="said", upsert={})
    assert steps_around(board, told) == (told - 1, told + 40)
    assert steps_around(board, told + 20) == (told, told + 40)
    assert steps_around(board, told + 40) == (told, told + 40)
    text = client.get(f"{page}?n={told}").content.decode()
    assert f'id="forward" href="?n={told + 40}"' in text
    steps = json.loads(unescape(re.search(r'data-steps="([^"]+)"', text)[1]))
    assert [n for n, _, silent in steps if silent] == list(range(told + 1, told + 40))
    assert f'data-sequence="{told + 20}"' in client.get(f"{page}?n={told + 20}").content.decode()
