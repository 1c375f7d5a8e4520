"""The webhook: who may send, what is refused, and that nothing is ever doubled."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from investigations.domain.board import write_entry
from investigations.domain.journal import writing
from investigations.enums import EntryKind
from investigations.intake.tokens import make_token
from investigations.models import Alert, Incident, IntakeToken, ServiceDependency

URL = "/api/alerts/alertmanager/"
pytestmark = pytest.mark.integration


def delivery(*services: str, status: str = "firing") -> dict:
    return {
        "version": "4", "status": status, "receiver": "x", "groupLabels": {}, "alerts": [
            {"status": status, "fingerprint": f"fp-{name}", "startsAt": "2026-03-01T12:00:00Z",
             "endsAt": "2026-03-01T12:05:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
             "labels": {"alertname": "HighLatency", "service": name, "severity": "critical"},
             "annotations": {"summary": f"{name} is slow", "value": "1.5"}}
            for name in services
        ],
    }  # fmt: skip


def send(body, token: str = "", client: Client | None = None):
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (client or Client()).post(URL, data, content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_an_alert_opens_an_incident() -> None:
    answer = send(delivery("payments"), make_token("am"))
    assert answer.status_code == 200
    incident = Incident.objects.get()
    assert answer.json() == {
        "accepted": 1, "refused": [], "repeats": 0, "incidents": [incident.pk],
    }  # fmt: skip
    assert (incident.resource, incident.semantic) == ("service/payments", "latency_p99_seconds")


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_sender_without_a_live_token_is_refused(token) -> None:
    assert send(delivery("payments"), token).status_code == 401
    assert Alert.objects.count() == 0


@pytest.mark.django_db
def test_a_revoked_token_is_refused_and_none_is_stored_in_clear() -> None:
    token = make_token("am")
    assert token not in str(list(IntakeToken.objects.values()))
    IntakeToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert send(delivery("payments"), token).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ({"version": "4"}, "alerts"),
        ({"version": "4", "alerts": [{"labels": {}}]}, "alerts.0.status"),
        ({**delivery("a"), "alerts": [{**delivery("a")["alerts"][0], "startsAt": "soon"}]},
         "alerts.0.startsAt"),
        ({**delivery("a"), "alerts": [{**delivery("a")["alerts"][0], "fingerprint": ""}]},
         "alerts.0.fingerprint"),
    ],
)  # fmt: skip
def test_malformed_deliveries_name_the_field(body, field) -> None:
    answer = send(body, make_token("am"))
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert Incident.objects.count() == 0


@pytest.mark.django_db
def test_an_oversized_delivery_is_refused() -> None:
    assert send(b" " * 1_000_001, make_token("am")).status_code == 413


@pytest.mark.django_db
def test_a_repeated_delivery_doubles_nothing() -> None:
    token = make_token("am")
    for _ in range(3):
        assert send(delivery("payments"), token).status_code == 200
    assert (Incident.objects.count(), Alert.objects.count()) == (1, 1)
    assert Alert.objects.get().deliveries == 3
    assert (
        Incident.objects.get().investigations.get().events.filter(kind="alert_changed").count() == 1
    )


@pytest.mark.django_db
def test_resolved_mitigates_and_firing_again_reopens() -> None:
    token = make_token("am")
    send(delivery("payments"), token)
    send(delivery("payments", status="resolved"), token)
    assert Incident.objects.get().state == "mitigated"
    send(delivery("payments"), token)
    assert Incident.objects.get().state == "open"


@pytest.mark.django_db
def test_it_is_mitigated_when_its_last_alert_ended_not_when_that_was_told() -> None:
    token, now = make_token("am"), datetime.now(UTC)
    began, ended = now - timedelta(minutes=5), now - timedelta(minutes=3)
    for status, at in (("firing", None), ("resolved", ended), ("resolved", None)):
        body = delivery("payments", status=status)
        body["alerts"][0] |= {"startsAt": began.isoformat()} | (
            {"endsAt": at.isoformat()} if at else {}
        )
        send(body, token)
        found = Incident.objects.get().mitigated_at
        assert found == (ended if status == "resolved" else None), status


@pytest.mark.django_db
def test_neighbours_join_and_strangers_do_not() -> None:
    ServiceDependency.objects.create(
        caller="service/checkout", callee="service/payments", source="traces",
        seen_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    token = make_token("am")
    send(delivery("payments"), token)
    send(delivery("checkout", "search"), token)
    assert sorted(i.alerts.count() for i in Incident.objects.all()) == [1, 2]


@pytest.mark.django_db
def test_what_a_neighbour_has_after_the_mitigation_is_another_incident() -> None:
    ServiceDependency.objects.create(
        caller="service/checkout", callee="service/payments", source="traces",
        seen_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    token = make_token("am")
    send(delivery("payments"), token)
    send(delivery("payments", status="resolved"), token)
    send(delivery("checkout"), token)
    assert sorted(Incident.objects.values_list("resource", "state")) == [
        ("service/checkout", "open"), ("service/payments", "mitigated"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_what_fires_after_a_fix_was_verified_is_another_incident() -> None:
    token = make_token("am")
    send(delivery("payments"), token)
    first = Incident.objects.get()
    with writing(first.investigations.get().pk) as board:
        write_entry(board, kind=EntryKind.ACTION, key="A1", data={"state": "succeeded"},
                    author="system", sentence="A1 helped")  # fmt: skip
    send(delivery("payments"), token)
    assert Incident.objects.count() == 1, "the same firing, delivered again"
    again = delivery("payments")
    again["alerts"][0] |= {"startsAt": "2026-03-01T12:05:00Z", "fingerprint": "relapse"}
    send(again, token)
    assert Incident.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_the_same_alert_opens_one_incident() -> None:
    token = make_token("am")

    def one(_: int) -> int:
        try:
            return send(delivery("payments"), token).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(24))) == {200}
    assert (Incident.objects.count(), Alert.objects.count()) == (1, 1)
    assert Alert.objects.get().deliveries == 24
