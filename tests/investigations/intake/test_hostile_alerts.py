"""What a broken or careless sender posts: secrets, control characters, times that cannot be."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError

from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.domain.ingest import ingest_alerts
from investigations.enums import IncidentOrigin
from investigations.intake import views
from investigations.intake.tokens import make_token
from investigations.models import Alert, BoardEvent, Incident
from tests.investigations.intake.test_alertmanager import delivery, send

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SECRETS = (
    ("db is down: postgres://app:S3cr3tPw@db/orders", "S3cr3tPw"),
    ("login failed with password=hunter2hunter", "hunter2hunter"),
    ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJ"),
    ("denied for AKIA" + "ABCDEFGHIJKLMNOP", "AKIAABCD"),
)


def stored() -> str:
    return str([
        list(model.objects.values()) for model in (Alert, Incident, BoardEvent)
    ])  # fmt: skip


def started(at: object, *services: str) -> dict:
    """A delivery whose last alert began at a time."""
    body = delivery(*services)
    body["alerts"][-1]["startsAt"] = at.isoformat() if isinstance(at, datetime) else at
    return body


@pytest.mark.parametrize(("text", "secret"), SECRETS)
@pytest.mark.parametrize("place", ["summary", "description", "runbook", "label", "name"])
def test_no_secret_of_an_alert_is_stored(text, secret, place) -> None:
    body = delivery("payments")
    alert = body["alerts"][0]
    if place in {"label", "name"}:
        alert["labels"]["alertname" if place == "name" else "detail"] = text
    else:
        alert["annotations"] = {place: text}
    token = make_token("am")
    assert [send(body, token).json()["repeats"] for _ in range(2)] == [0, 1]
    assert "[redacted]" in stored()
    assert secret not in stored()
    assert Alert.objects.get().resource == "service/payments"


def test_a_secret_that_a_cut_would_halve_is_masked() -> None:
    body = delivery("payments")
    body["alerts"][0]["annotations"]["summary"] = "x" * 280 + " password=hunter2hunter2hunter2"
    send(body, make_token("am"))
    assert "hunter2" not in stored()


def test_a_label_of_a_secrets_name_is_masked() -> None:
    body = delivery("payments")
    body["alerts"][0]["labels"]["api_key"] = "plainlooking"
    send(body, make_token("am"))
    assert Alert.objects.get().labels["api_key"] == "[redacted]"
    assert "plainlooking" not in stored()


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_that_a_person_types_is_stored(text, secret) -> None:
    now = datetime.now(UTC)
    open_incident(
        IncidentDraft(
            title=text, symptom=text, resource="service/payments", origin=IncidentOrigin.MANUAL,
            started_at=now, window_start=now - timedelta(minutes=5), window_end=now,
            baseline_start=now - timedelta(minutes=25), baseline_end=now - timedelta(minutes=5),
            telemetry={"kind": "lab"},
        )
    )  # fmt: skip
    assert secret not in stored()


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\x9fb", "a\ud800b"])
def test_characters_that_cannot_be_stored_are_dropped(text) -> None:
    body = delivery("payments", "search", "mail")
    body["alerts"][1]["labels"]["detail"] = text
    body["alerts"][1]["labels"]["k" + text] = "v"
    body["alerts"][1]["annotations"]["summary"] = text
    answer = send(body, make_token("am"))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 3)
    alert = Alert.objects.get(fingerprint="fp-search")
    assert (alert.summary, alert.labels["detail"], alert.labels["kab"]) == ("ab", "ab", "v")


@pytest.mark.parametrize(
    "broken",
    [
        {"startsAt": "soon"}, {"startsAt": None}, {"startsAt": "0001-01-01T00:00:00Z"},
        {"startsAt": "0001-01-01T00:00:00+14:00"}, {"startsAt": "9999-12-31T23:59:59Z"},
        {"startsAt": "9999-12-31T23:59:59-12:00"}, {"labels": {"a": {"b": "c"}}},
        {"labels": None}, {"fingerprint": "\x00"}, {"status": "odd"},
    ],
)  # fmt: skip
def test_a_bad_alert_costs_its_neighbours_nothing(broken) -> None:
    body = delivery("payments", "search", "mail")
    body["alerts"][1] |= broken
    token = make_token("am")
    answer = send(body, token)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [r["index"] for r in answer.json()["refused"]] == [1]
    assert answer.json()["refused"][0]["reason"]
    assert sorted(Alert.objects.values_list("fingerprint", flat=True)) == ["fp-mail", "fp-payments"]
    alone = send({**body, "alerts": [body["alerts"][1]]}, token)
    assert (alone.status_code, alone.json()["accepted"]) == (400, 0)
    assert alone.json()["field"].startswith(f"alerts.0.{next(iter(broken))}")


@pytest.mark.parametrize("raw", ["text", 1, None, []])
def test_what_is_no_alert_costs_its_neighbours_nothing(raw) -> None:
    body = delivery("payments")
    body["alerts"].insert(0, raw)
    answer = send(body, make_token("am"))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert answer.json()["refused"][0]["field"] == "alerts.0"


def test_an_alert_that_the_database_refuses_costs_its_neighbours_nothing(monkeypatch) -> None:
    def refusing(drafts, **rest):
        if any(draft.fingerprint == "fp-search" for draft in drafts):
            raise DataError
        return ingest_alerts(drafts, **rest)

    monkeypatch.setattr(views, "ingest_alerts", refusing)
    answer = send(delivery("payments", "search", "mail"), make_token("am"))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [r["index"] for r in answer.json()["refused"]] == [1]


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"[" * 100_000, b"NaN", b'{"version":"4","alerts":1}']
)
def test_what_is_no_delivery_is_a_400(body) -> None:
    assert send(body, make_token("am")).status_code == 400


def test_what_fires_for_weeks_is_examined_as_of_now_and_known_again() -> None:
    now = datetime.now(UTC)
    body = started(now - timedelta(days=30), "payments")
    token = make_token("am")
    assert [send(body, token).json()["repeats"] for _ in range(2)] == [0, 1]
    incident = Incident.objects.get()
    assert abs(incident.started_at - now) < timedelta(minutes=1)
    assert abs(incident.investigations.get().window_end - now) < timedelta(minutes=2)
    assert Alert.objects.get().starts_at == now - timedelta(days=30)
    assert "over 7 days" in str(BoardEvent.objects.filter(kind="alert_changed").values())
    body["alerts"][0]["status"] = "resolved"
    send(body, token)
    assert Incident.objects.get().state == "mitigated"


@pytest.mark.parametrize(
    ("ago", "is_taken"),
    [
        (timedelta(days=6), True), (timedelta(minutes=-50), True), (timedelta(minutes=-70), False),
    ],
)  # fmt: skip
def test_times_near_now_are_kept_and_later_ones_refused(ago, is_taken) -> None:
    at = datetime.now(UTC) - ago
    answer = send(started(at, "payments"), make_token("am"))
    assert answer.status_code == (200 if is_taken else 400)
    assert [i.started_at for i in Incident.objects.all()] == ([at] if is_taken else [])


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_an_end_that_cannot_be_is_no_end(ends) -> None:
    token = make_token("am")
    send(delivery("payments"), token)
    body = delivery("payments", status="resolved")
    body["alerts"][0]["endsAt"] = ends
    assert send(body, token).status_code == 200
    assert Alert.objects.get().ends_at is None
    assert Incident.objects.get().state == "mitigated"


@pytest.mark.parametrize("value", ["NaN", "inf", "1e999"])
def test_a_value_that_is_no_number_is_left_out(value) -> None:
    body = delivery("payments")
    body["alerts"][0]["annotations"]["value"] = value
    assert send(json.dumps(body), make_token("am")).status_code == 200
