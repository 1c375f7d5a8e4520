"""The lists of incidents: constant queries, keyset pages, facets, what a person has seen."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from investigations.domain.visits import mark_seen, snooze
from investigations.enums import IncidentState, Severity
from investigations.errors import BoardError
from investigations.models import Incident
from investigations.queries import incidents as lists
from investigations.queries.incidents import IncidentFilter, list_incidents
from investigations.queries.visits import list_changes
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def responder(client):
    client.force_login(person("rosa", "responder"))
    return client


def count_queries(client, path: str, django_assert_max_num_queries) -> int:
    with django_assert_max_num_queries(60) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["/inbox/", "/inbox/live/?known=i1", "/incidents/", "/history/"])
def test_a_page_asks_as_often_for_three_as_for_one(
    responder, path, django_assert_max_num_queries
) -> None:
    boards = [open_board()]
    responder.get(f"/i/{boards[0].incident_id}/")
    one = count_queries(responder, path, django_assert_max_num_queries)
    for _ in range(2):
        boards.append(open_board())
        responder.get(f"/i/{boards[-1].incident_id}/")
    assert count_queries(responder, path, django_assert_max_num_queries) == one


@pytest.mark.parametrize("sort", list(lists.SORTS))
def test_pages_hold_each_incident_once(monkeypatch, sort) -> None:
    monkeypatch.setattr(lists, "PAGE", 3)
    for number in range(8):
        incident = open_board().incident
        Incident.objects.filter(pk=incident.pk).update(
            severity=Severity.values[number % 3], resource=f"service/s{number % 2}"
        )
    seen, after = [], ""
    while True:
        page = list_incidents(IncidentFilter(sort=sort, after=after))
        seen += [row.incident for row in page.rows]
        after = page.next
        if not after:
            break
    assert len(seen) == len({i.pk for i in seen}) == 8
    column = lists.SORTS[sort]
    keys = [(getattr(i, column) if column else "", -i.pk) for i in seen]
    assert keys == sorted(keys)


def test_facets_and_a_part_of_the_services_name(responder) -> None:
    here, gone = open_board(), open_board("search is slow")
    Incident.objects.filter(pk=gone.incident_id).update(
        resource="service/search", state=IncidentState.RESOLVED, resolved_at=timezone.now()
    )
    page = responder.get("/incidents/").content.decode()
    assert f"INC-{here.incident_id} " in page
    assert f"INC-{gone.incident_id} " not in page
    page = responder.get("/incidents/?state=any&service=EAR").content.decode()
    assert f"INC-{gone.incident_id} " in page
    assert f"INC-{here.incident_id} " not in page
    assert responder.get("/incidents/?state=nonsense").status_code == 422
    assert responder.get("/incidents/?after=x|y&sort=severity").status_code == 200


def test_what_came_since_waits_behind_a_button(responder) -> None:
    first = open_board()
    page = responder.get("/inbox/").content.decode()
    known = re.search(r"live/\?known=([^&\"]*)", page)[1]
    second = open_board("search is slow")
    Incident.objects.filter(pk=first.incident_id).update(title="payments is slower still")
    part = responder.get(f"/inbox/live/?known={known}").content.decode()
    assert "1 new" in part
    assert "payments is slower still" in part
    assert f'id="i-{second.incident_id}"' not in part
    assert f'id="i-{second.incident_id}"' in responder.get("/inbox/").content.decode()


def test_a_snoozed_incident_comes_back(responder) -> None:
    board = open_board()
    rosa = responder.get("/inbox/").wsgi_request.user
    assert f'id="i-{board.incident_id}"' in responder.get("/inbox/").content.decode()
    responder.post(f"/inbox/{board.incident_id}/snooze/", {"minutes": "30"})
    assert f'id="i-{board.incident_id}"' not in responder.get("/inbox/").content.decode()
    assert f'id="i-{board.incident_id}"' in responder.get("/inbox/?snoozed=1").content.decode()
    snooze(person=rosa, incident=board.incident, minutes=0)
    assert f'id="i-{board.incident_id}"' in responder.get("/inbox/").content.decode()
    with pytest.raises(BoardError):
        snooze(person=rosa, incident=board.incident, minutes=1)


def test_what_moved_on_since_one_looked() -> None:
    board, rosa = open_board(), person("rosa", "responder")
    assert list_changes(rosa) == []
    look = {"person_id": rosa.pk, "incident_id": board.incident_id, "at": timezone.now()}
    board.refresh_from_db()
    mark_seen(**look, sequence=0)
    [change] = list_changes(rosa)
    assert change.count == board.last_sequence
    assert "opened" in change.sentence
    mark_seen(**look, sequence=board.last_sequence)
    mark_seen(**look, sequence=0)
    assert list_changes(rosa) == []


def test_the_first_visit_leads_to_practice_or_says_what_is_missing(
    client, settings, tmp_path
) -> None:
    settings.LAB_SOCKET = tmp_path / "none"
    client.force_login(person("vera", "viewer"))
    page = client.get("/", follow=True).content.decode()
    assert "Nothing has happened yet" in page
    assert "ask a responder" in page
    client.force_login(person("rosa", "responder"))
    assert "The practice system does not run" in client.get("/inbox/").content.decode()
    board = open_board()
    Incident.objects.filter(pk=board.incident_id).update(
        state=IncidentState.RESOLVED, resolved_at=timezone.now()
    )
    page = client.get("/inbox/").content.decode()
    assert "Nothing waits for you. 0 active incidents. Last incident" in page


@pytest.mark.django_db(transaction=True)
def test_a_symptom_that_is_sent_twice_opens_one_incident() -> None:
    rosa = person("rosa", "responder")
    given = {"symptom": "checkout is slow", "resource": "checkout", "minutes": "15"}

    def post(_: int) -> str:
        client = Client()
        client.force_login(rosa)
        try:
            return client.post("/incidents/new/", given).headers["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(post, range(3)))) == 1
    client = Client()
    client.force_login(rosa)
    client.post("/incidents/new/", given | {"symptom": "checkout answers with errors"})
    assert Incident.objects.count() == 2
