"""Two incidents that are one: merging, what follows of it, and taking them apart."""

import threading

import pytest
from django.db import connection

from agents.domain.rounds import reenter, wake
from investigations.domain.board import write_entry
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import verify_chain, writing
from investigations.domain.merging import merge_incidents, separate_incident
from investigations.enums import EntryKind, IncidentOrigin, IncidentState
from investigations.errors import BoardError
from investigations.intake.tokens import make_token
from investigations.models import AuditEntry, Incident
from investigations.queries.board import apply_event, board_snapshot
from investigations.queries.incidents import list_active
from sre_workspace.inbox.queries import list_waiting
from tests.factories.board import open_board
from tests.factories.people import person
from tests.investigations.intake.test_alertmanager import delivery, send

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def rosa(client):
    user = person("rosa", "responder")
    client.force_login(user)
    return user


def two(token: str = "") -> tuple[Incident, Incident]:
    """A first incident with an alert, and a second one about another service."""
    token = token or make_token("am")
    send(delivery("payments"), token)
    send(delivery("search"), token)
    into, incident = Incident.objects.order_by("pk")
    return incident, into


def folded(incident: Incident) -> bool:
    """Whether the incident's journal still tells its board, unbroken."""
    run = incident.investigations.get()
    board: dict = {}
    for event in run.events.order_by("sequence"):
        apply_event(board, event)
    # As a journal has it: numbers and texts, no times.
    shown = board_snapshot(run.pk).collections
    same = all(board[name] == shown[name] for name in ("incident", "investigation", "alerts"))
    return same and verify_chain(run.pk) is None


def test_what_is_refused_is_not_offered_and_the_merged_room_points_on(client, rosa) -> None:
    """A practice incident is no target of a real one, nor the other way round."""
    incident, into = two()
    practice = open_board().incident
    Incident.objects.filter(pk=practice.pk).update(origin=IncidentOrigin.PRACTICE)
    page = client.get(f"/i/{incident.pk}/merge/").content.decode()
    assert f'value="{into.pk}"' in page
    assert f'value="{practice.pk}"' not in page
    assert "No other incident is active" in client.get(f"/i/{practice.pk}/merge/").content.decode()
    client.post(f"/i/{incident.pk}/merge/", {"into": into.pk, "reason": "the same database"})
    room = client.get(f"/i/{incident.pk}/").content.decode()
    assert f"INC-{into.pk} goes on for this incident." in room.partition('id="summary"')[2]
    assert f"Open INC-{into.pk}" in room
    assert "/challenge/" not in room


def test_one_goes_on_for_the_other_and_both_boards_tell_it(client, rosa) -> None:
    incident, into = two()
    answer = client.post(
        f"/i/{incident.pk}/merge/", {"into": into.pk, "reason": "the same database"}
    )
    assert answer.headers["Location"] == f"/i/{into.pk}/"
    here, there = (client.get(f"/i/{n.pk}/").content.decode() for n in (incident, into))
    assert "Merged into" in here
    assert "the same database" in here
    assert 'id="claim"' not in here, "hypotheses are posted where it goes on"
    assert f'href="/i/{incident.pk}/"' in there
    assert [row.incident.pk for row in list_active()] == [into.pk]
    entry = AuditEntry.objects.get(verb="incident.merged")
    assert (entry.actor, entry.detail["reason"]) == ("person/rosa", "the same database")
    assert folded(incident)
    assert folded(into)
    page = client.get(f"/i/{into.pk}/alerts/").content.decode()
    assert page.count("HighLatency") == 2
    assert f"INC-{incident.pk}</a></td>" in page


def test_later_alerts_and_ends_of_earlier_ones_count_for_the_other(rosa) -> None:
    token = make_token("am")
    incident, into = two(token)
    merge_incidents(incident=incident, into=into, user=rosa, reason="one cause")
    again = delivery("search")
    again["alerts"][0] |= {"fingerprint": "later", "startsAt": "2026-03-01T12:03:00Z"}
    assert send(again, token).json()["incidents"] == [into.pk]
    send(delivery("payments", status="resolved"), token)
    again["alerts"][0] |= {"status": "resolved", "endsAt": "2026-03-01T12:06:00Z"}
    send(again, token)
    into.refresh_from_db()
    assert into.state == IncidentState.OPEN, "an alert of what was merged still fires"
    send(delivery("search", status="resolved"), token)
    into.refresh_from_db()
    assert into.state == IncidentState.MITIGATED
    said = [e.payload["sentence"] for e in into.investigations.get().events.all()]
    assert f"HighLatency on service/search resolved, in INC-{incident.pk}" in said
    assert folded(incident)
    assert folded(into)


def test_its_agents_rest_and_nothing_is_asked_for_it(client, rosa) -> None:
    incident, into = two()
    run = incident.investigations.get()
    merge_incidents(incident=incident, into=into, user=rosa, reason="one")
    run.refresh_from_db()
    assert run.paused_by == "the merge"
    wake(run.pk)
    assert reenter(run.pk) is False
    assert [w for w in list_waiting(rosa) if w.incident.pk == incident.pk] == []
    for path, body in (
        ("hypotheses/", {"claim": "the pool is small"}), ("steer/", {"text": "/resume"}),
        ("state/", {"to": "resolved", "reason": "x"}), ("state/", {"to": "merged", "reason": "x"}),
    ):  # fmt: skip
        answer = client.post(f"/i/{incident.pk}/{path}", body)
        assert answer.status_code == 422, path
    assert "go on there" in client.post(f"/i/{incident.pk}/steer/", {"text": "x"}).content.decode()
    run.refresh_from_db()
    assert (run.paused_by, run.hypotheses.count()) == ("the merge", 0)


def test_it_can_be_taken_apart_until_the_other_is_resolved(client, rosa) -> None:
    incident, into = two()
    merge_incidents(incident=incident, into=into, user=rosa, reason="one")
    assert client.post(f"/i/{incident.pk}/separate/", {"reason": " "}).status_code == 422
    client.post(f"/i/{incident.pk}/separate/", {"reason": "two causes"})
    incident.refresh_from_db()
    into.refresh_from_db()
    assert (incident.state, incident.merged_into, into.absorbed) == ("open", None, [])
    assert incident.investigations.get().paused_at is None
    assert folded(incident)
    assert folded(into)
    merge_incidents(incident=incident, into=into, user=rosa, reason="one after all")
    change_incident_state(investigation_id=into.investigations.get().pk, author="person/rosa",
                          to=IncidentState.RESOLVED, reason="fixed")  # fmt: skip
    with pytest.raises(BoardError, match="resolved with it"):
        separate_incident(incident=incident, user=rosa, reason="two")


def test_what_cannot_be_one_is_refused_with_its_reason(rosa) -> None:
    incident, into = two()
    other = open_board().incident
    merge_incidents(incident=other, into=into, user=rosa, reason="one")
    practice = open_board().incident
    Incident.objects.filter(pk=practice.pk).update(origin=IncidentOrigin.PRACTICE)
    for row, target, why in (
        (incident, incident, "this very incident"), (incident, other, "go on there"),
        (into, incident, "Separate it first"), (other, incident, "go on there"),
        (practice, into, "practice"),
    ):  # fmt: skip
        with pytest.raises(BoardError, match=why):
            merge_incidents(incident=row, into=target, user=rosa, reason="x")
    with pytest.raises(BoardError, match="Say why"):
        merge_incidents(incident=incident, into=into, user=rosa, reason="  ")
    with writing(incident.investigations.get().pk) as board:
        write_entry(board, kind=EntryKind.ACTION, key="A1", data={"state": "running"},
                    author="system", sentence="A1 runs")  # fmt: skip
    with pytest.raises(BoardError, match="A1 is being executed"):
        merge_incidents(incident=incident, into=into, user=rosa, reason="x")
    incident.refresh_from_db()
    assert incident.state == IncidentState.OPEN


def test_only_who_responds_may_and_what_was_typed_is_kept(client, rosa) -> None:
    incident, into = two()
    answer = client.post(f"/i/{incident.pk}/merge/", {"into": "99999", "reason": "my <b>words</b>"})
    assert answer.status_code == 422
    assert "my &lt;b&gt;words&lt;/b&gt;" in answer.content.decode()
    client.force_login(person("vic", "viewer"))
    assert client.get(f"/i/{incident.pk}/merge/").status_code == 403
    assert (
        client.post(f"/i/{incident.pk}/merge/", {"into": into.pk, "reason": "x"}).status_code == 403
    )
    assert client.post(f"/i/{incident.pk}/separate/", {"reason": "x"}).status_code == 403
    assert client.get(f"/i/{incident.pk}/alerts/").status_code == 200


def test_pages_ask_as_often_for_three_as_for_one(
    client, rosa, django_assert_max_num_queries
) -> None:
    incident, into = two()
    client.get(f"/i/{into.pk}/")
    seen = []
    for others in ([incident], [open_board().incident, open_board().incident]):
        for row in others:
            merge_incidents(incident=row, into=into, user=rosa, reason="one")
        counts = []
        for path in (f"/i/{into.pk}/", f"/i/{into.pk}/alerts/", f"/i/{into.pk}/merge/"):
            with django_assert_max_num_queries(60) as captured:
                assert client.get(path).status_code == 200
            counts.append(len(captured))
        seen.append(counts)
    assert seen[0] == seen[1]


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_at_once_into_each_other_one_happens() -> None:
    rosa = person("rosa", "responder")
    incident, into = two()
    told: list[str] = []
    gate = threading.Barrier(2)

    def merge(one: Incident, other: Incident) -> None:
        try:
            gate.wait(10)
            merge_incidents(incident=one, into=other, user=rosa, reason="one")
            told.append("merged")
        except BoardError as error:
            told.append(str(error))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=merge, args=pair) for pair in ((incident, into), (into, incident))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(t == "merged" for t in told) == [False, True]
    assert Incident.objects.filter(merged_into__isnull=False).count() == 1
