"""A storm of alerts: few queries whatever its size, one line on the board, one incident."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import verify_chain
from investigations.domain.reports import draft_section
from investigations.enums import IncidentState
from investigations.intake.tokens import make_token
from investigations.models import Alert, BoardEvent, Incident, ServiceDependency
from investigations.presenters.stream import typed_lines
from investigations.queries.board import apply_event, board_snapshot
from tests.factories.people import person
from tests.investigations.intake.test_alertmanager import delivery, send

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOST_QUERIES = 25


def around_payments(count: int) -> list[str]:
    names = [f"s{n}" for n in range(count)]
    ServiceDependency.objects.bulk_create(
        ServiceDependency(
            caller=f"service/{name}", callee="service/payments", source="traces",
            seen_at="2026-03-01T12:00:00Z",
        )
        for name in names
    )  # fmt: skip
    return names


def counted(body: dict, token: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert send(body, token).status_code == 200
    return len(captured)


def test_joining_costs_as_many_queries_for_one_alert_as_for_hundreds() -> None:
    names, token = around_payments(301), make_token("am")
    send(delivery("payments"), token)
    one = counted(delivery(names[0]), token)
    many = counted(delivery(*names[1:]), token)
    raised = 2  # the severity is saved, and people are called
    assert one <= many <= one + raised <= MOST_QUERIES
    incident = Incident.objects.get()
    assert (incident.alerts.count(), incident.severity) == (302, "sev1"), "so many alert"


def test_all_that_alerted_is_told_as_affected_and_in_the_past_once_it_is_over() -> None:
    names, token, client = around_payments(9), make_token("am"), Client()
    client.force_login(person("mira", "responder"))
    send(delivery("payments"), token)
    run = Incident.objects.get().investigations.get()
    at = f"/i/{run.incident_id}/"
    alone = run.events.latest("sequence").sequence
    assert "affected:" not in client.get(at).content.decode()
    send(delivery(names[0]), token)
    assert "Also affected: s0." in client.get(at).content.decode()
    blast = client.get(f"{at}graph/").content.decode().partition("Blast radius")[2]
    assert "<strong>s0</strong>: <bdi>alert: " in blast
    send(delivery(*names[1:]), token)
    assert "Also affected: s0, s1, s2, s3, s4, s5 and 3 more." in client.get(at).content.decode()
    assert "affected:" not in client.get(f"{at}replay/?n={alone}").content.decode()
    change_incident_state(investigation_id=run.pk, to=IncidentState.RESOLVED, author="person/mira",
                          reason="over")  # fmt: skip
    over = client.get(at).content.decode()
    assert "Were also affected: s0, s1" in over
    assert "Also affected" not in over


def test_a_storm_is_one_line_with_a_count_and_the_board_stays_sound() -> None:
    names, token = around_payments(240), make_token("am")
    send(delivery("payments"), token)
    run = Incident.objects.get().investigations.get()
    send(delivery(*names[:6]), token)
    for name in names[6:9]:
        send(delivery(name), token)
    assert run.events.filter(kind="alert_changed").count() == 5
    lines = [
        line.text
        for line in typed_lines(run.events.all())
        if "joined" in line.text
    ]  # fmt: skip
    assert [text.partition(":")[0] for text in lines] == ["6 alerts joined", "3 alerts joined"]
    assert lines[0].endswith("and 3 more"), "between them the severity was raised"
    for section in ("detection", "moments"):
        assert draft_section(run, section).count("6 alerts joined") == 1, section
    folded: dict = {}
    for event in run.events.order_by("sequence"):
        apply_event(folded, event)
    assert folded["alerts"] == board_snapshot(run.pk).collections["alerts"]
    assert verify_chain(run.pk) is None
    send(delivery(*names[9:]), token)
    events = BoardEvent.objects.filter(kind="alert_changed").values_list("payload", flat=True)
    assert max(len(payload["upsert"]["alerts"]) for payload in events) <= 200


def test_a_delivery_that_holds_one_firing_twice_counts_both() -> None:
    body = delivery("payments", "payments")
    answer = send(body, make_token("am"))
    assert (answer.json()["accepted"], answer.json()["repeats"]) == (2, 1)
    assert Alert.objects.get().deliveries == 2


def test_what_fires_in_a_delivery_keeps_open_what_ends_in_it() -> None:
    names, token = around_payments(1), make_token("am")
    send(delivery("payments"), token)
    body = delivery("payments", status="resolved")
    body["alerts"] += delivery(*names)["alerts"]
    send(body, token)
    incident = Incident.objects.get()
    assert (incident.state, incident.alerts.count()) == ("open", 2)


def test_what_fires_anew_in_a_mitigated_incident_opens_it_again() -> None:
    token = make_token("am")
    send(delivery("payments"), token)
    send(delivery("payments", status="resolved"), token)
    again = delivery("payments")
    again["alerts"][0]["startsAt"] = "2026-03-01T12:06:00Z"
    send(again, token)
    incident = Incident.objects.get()
    assert (incident.state, incident.alerts.count()) == ("open", 2)


def test_one_delivery_opens_as_many_incidents_as_there_are_strangers() -> None:
    token = make_token("am")
    answer = send(delivery("payments", "search", "payments"), token, Client())
    assert len(answer.json()["incidents"]) == 2
    assert counted(delivery("payments", "search"), token) <= MOST_QUERIES
    assert list(Alert.objects.order_by("fingerprint").values_list("deliveries", flat=True)) == [
        3,
        2,
    ]


@pytest.mark.capability(9)
def test_fifty_alerts_are_one_incident_that_points_to_the_deepest(client) -> None:
    names = [f"s{n}" for n in range(49)]
    # A tree of callers above ledger: s0 calls it, and each other calls one before it.
    pairs = [("s0", "ledger"), ("ledger", "quiet-disk")]
    pairs += [(f"s{n}", f"s{(n - 1) // 3}") for n in range(1, 49)]
    ServiceDependency.objects.bulk_create(
        ServiceDependency(caller=f"service/{a}", callee=f"service/{b}", source="traces",
                          seen_at="2026-03-01T12:00:00Z")
        for a, b in pairs
    )  # fmt: skip
    token = make_token("am")
    for some in (["s1"], ["s0", "s2"], ["ledger"], names[3:20], names[20:]):
        send(delivery(*some), token)
    incident = Incident.objects.get()
    assert incident.alerts.count() == 50
    client.force_login(person("vi", "viewer"))
    page = client.get(f"/i/{incident.pk}/alerts/").content.decode()
    assert "They point to <strong><bdi>ledger</bdi></strong>" in page
    assert "49 of the other 49 that alert call it, directly or through others" in page
