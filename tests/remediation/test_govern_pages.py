"""Autonomy, approvals' cost and the audit log, as pages: honest without data, right with it."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from investigations.domain.audit import record_audit
from investigations.enums import GradeValue
from investigations.models import Diagnosis, Incident, Investigation
from remediation.domain import kill_switch
from remediation.models import Action, ActionOutcome
from remediation.queries.gate import read_gate
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def viewer(client):
    client.force_login(person("vera", "viewer"))
    return client


def test_the_gate_says_when_it_cannot_tell(viewer) -> None:
    page = viewer.get("/autonomy/").content.decode()
    assert page.count("not enough data") == 5
    assert "No action runs alone" in page
    assert "no action has run in real incidents yet" in page
    practised = viewer.get("/autonomy/?of=practice").content.decode()
    assert "no action has run in practice incidents yet" in practised
    assert "Nobody has decided" in viewer.get("/autonomy/burden/").content.decode()


def test_a_criterion_holds_only_with_enough_that_is_right() -> None:

    for number in range(30):
        board = open_board(f"case {number}")
        diagnosis = Diagnosis.objects.create(
            investigation=board, number=1, step_key="x", verdict="likely_cause", confidence=0.8,
            fault_class="retry_storm", resource="service/payments", summary="x",
            claim={"fault_class": "retry_storm"},
        )  # fmt: skip
        diagnosis.grades.create(source="person", value=GradeValue.RIGHT, author="person/rosa")
        if number == 28:
            assert read_gate(practice=False, now=timezone.now())[0].is_met is None
    said = read_gate(practice=False, now=timezone.now())[0]
    assert said.value.startswith("30 of 30 graded diagnoses; at least 89%")
    assert said.is_met is False
    assert read_gate(practice=True, now=timezone.now())[0].value == "0 of 0 graded diagnoses"


def graded(count: int, *, wrong: int = 0, severity: str = "sev2") -> None:
    """Store so many graded diagnoses, some of them wrong."""
    for number in range(count):
        incident = Incident.objects.create(
            title=f"case {number}", severity=severity, origin="alert", resource="service/x",
            started_at=timezone.now(),
        )  # fmt: skip
        board = Investigation.objects.create(
            incident=incident, telemetry={}, window_start=NOON,
            window_end=NOON + timedelta(minutes=5),
            baseline_start=NOON - timedelta(hours=1), baseline_end=NOON,
        )  # fmt: skip
        row = Diagnosis.objects.create(investigation=board, number=1, step_key="x", summary="x",
                                       verdict="likely_cause", claim={"x": 1})  # fmt: skip
        row.grades.create(source="person", author="person/rosa",
                          value=GradeValue.WRONG if number < wrong else GradeValue.RIGHT)  # fmt: skip


def outcomes(count: int, *, incidents: int, harmed: int = 0, days_ago: float = 0.0) -> None:
    """Store so many runs that helped (or harmed), over as many incidents with a helped one."""
    boards = [open_board(f"case {n}") for n in range(incidents)]
    made = plan_of(boards[0])
    rows = []
    for number in range(count):
        action = Action.objects.get(pk=made.pk)
        action.pk, action.number, action.state = None, 100 + number, "succeeded"
        action.investigation = boards[number % incidents]
        action.save()
        rows.append(ActionOutcome(
            action=action, kind="scale", service="service/x", fault_class="x",
            helped=number >= harmed, was_undone=number < harmed,
            recorded_at=timezone.now() - timedelta(days=days_ago),
        ))  # fmt: skip
    ActionOutcome.objects.bulk_create(rows)


def plan_of(board) -> Action:
    diagnosis = Diagnosis.objects.create(investigation=board, number=1, step_key="p", summary="x",
                                         verdict="likely_cause", claim={})  # fmt: skip
    return Action.objects.create(
        investigation=board, diagnosis=diagnosis, number=99, kind="scale", title="x", reason="x",
        target="service/x", target_uid="u", target_version="1", executor="lab", payload={},
        command="x", undo_text="x", risk="green", digest="d", state="denied",
        approval_expires_at=timezone.now(),
    )  # fmt: skip


def criterion(words: str) -> bool | None:
    found = read_gate(practice=False, now=timezone.now())
    return next(c.is_met for c in found if c.name.startswith(words))


@pytest.mark.capability(59)
def test_each_criterion_of_the_gate_at_its_edge_from_stored_rows(viewer) -> None:
    graded(29)
    assert criterion("Right about the cause") is None, "too few to tell"
    graded(5)
    assert criterion("Right about the cause") is False, "34 of 34: at least 89.8%"
    graded(1)
    assert criterion("Right about the cause") is True, "35 of 35: at least 90.1%"
    graded(1, wrong=1)
    assert criterion("Right about the cause") is False
    graded(72, severity="sev4")
    assert criterion("Right about SEV3") is False
    graded(1, severity="sev3")
    assert criterion("Right about SEV3") is True, "73 of 73: at least 95.0%"
    told = viewer.get("/autonomy/").content.decode()
    assert "✗ no" in told or "✓ yes" in told


@pytest.mark.capability(59)
@pytest.mark.parametrize(
    ("given", "words", "is_met"),
    [
        ({"count": 29, "incidents": 10}, "Harmed", None),
        ({"count": 30, "incidents": 10}, "Harmed", True),
        ({"count": 30, "incidents": 10, "harmed": 1}, "Harmed", False),
        ({"count": 1, "incidents": 1, "harmed": 1}, "Harmed", False),
        ({"count": 9, "incidents": 9}, "Share", True), ({"count": 8, "incidents": 8}, "Share", False),
        ({"count": 3, "incidents": 1, "harmed": 1, "days_ago": 6.9}, "Clean", False),
        ({"count": 3, "incidents": 1, "harmed": 1, "days_ago": 7.1}, "Clean", True),
    ],
)  # fmt: skip
def test_harm_coverage_and_clean_days_at_their_edges(viewer, given, words, is_met) -> None:
    outcomes(**given)
    for number in range(30 - given["incidents"]):
        open_board(f"unfixed {number}")
    assert criterion(words) is is_met
    if is_met is False:
        assert "✗ no" in viewer.get("/autonomy/").content.decode(), "what blocks is shown"


async def _read(answer) -> str:
    return b"".join([part async for part in answer.streaming_content]).decode()


@pytest.mark.django_db(transaction=True)
async def test_exports_stream_what_is_filtered_and_are_safe_to_open(async_client) -> None:
    from asgiref.sync import sync_to_async

    vera = await sync_to_async(person)("vera", "viewer")
    await sync_to_async(async_client.force_login)(vera)
    for verb, reason in (("first.deed", "=HYPERLINK()"), ("second.deed", "x"), ("first.deed", "y")):
        await sync_to_async(record_audit)(
            actor="=cmd|calc", verb=verb, subject="incident/1", detail={"reason": reason}
        )
    rows = list(
        csv.DictReader(
            io.StringIO(await _read(await async_client.get("/audit/?format=csv&verb=first")))
        )
    )
    assert [r["verb"] for r in rows] == ["first.deed", "first.deed"]
    assert {r["actor"] for r in rows} == {"'=cmd|calc"}
    told = json.loads(await _read(await async_client.get("/audit/?format=json")))
    assert [e["verb"] for e in told["entries"][:3]] == ["first.deed", "second.deed", "first.deed"]
    assert (
        json.loads(await _read(await async_client.get("/audit/?format=json&verb=none")))["entries"]
        == []
    )
    await sync_to_async(connections.close_all)()


def test_the_audit_page_filters_and_verifies(viewer) -> None:
    record_audit(actor="person/mira", verb="kill_switch.engaged", subject="kill_switch/global")
    record_audit(actor="system", verb="action.proposed", subject="action/1")
    page = viewer.get("/audit/?actor=mira&verify=1").content.decode()
    assert "kill_switch.engaged" in page
    assert "action.proposed" not in page
    assert "Verified: every entry follows" in page
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert "Nothing matches" in viewer.get(f"/audit/?since={tomorrow}").content.decode()
    assert viewer.get("/audit/?since=nonsense").status_code == 422
    turned = viewer.get("/audit/?since=2027-01-01&until=2020-01-01").content.decode()
    assert "Until is before since (2027-01-01): turn the days round." in turned
    long = viewer.get(f"/audit/?actor={'x' * 5000}").content.decode()
    assert "At most 150 characters; yours has 5000. Shorten it." in long


def test_who_lets_actions_run_again_is_named_with_the_way_there(viewer, client) -> None:
    """Stopping has a way back on the page: a name, a command, or how to get another approver."""
    ana = person("local-approver", "approver")
    kill_switch.engage(person=ana, reason="peak")
    client.force_login(ana)
    alone = client.get("/autonomy/").content.decode()
    assert "There is no other approver yet" in alone
    assert "<code>./run manage make_account NAME --role approver</code>" in alone
    assert "Why is it safe again?" not in alone
    client.force_login(person("ada", "admin"))
    assert (
        'href="/settings/people/">People and roles</a>' in client.get("/autonomy/").content.decode()
    )
    gone = person("gone", "approver")
    gone.is_active = False
    gone.save()
    person("zoe", "approver")
    other = person("local-approver-2", "approver")
    other.set_unusable_password()
    other.save()
    client.force_login(ana)
    page = client.get("/autonomy/").content.decode()
    assert "<bdi>local-approver-2</bdi>, <bdi>zoe</bdi>. They do it on this page." in page
    assert page.count("./run manage sign_in_link") == 1
    assert "<code>./run manage sign_in_link approver-2</code>" in page
    client.force_login(other)
    assert "Why is it safe again?" in client.get("/autonomy/").content.decode()


def test_error_pages_say_what_is_safe_and_what_next(viewer) -> None:
    for path, status in (("/i/0/", 404), ("/incidents/new/", 403)):
        answer = viewer.get(path)
        assert answer.status_code == status
        page = answer.content.decode()
        assert "What is safe" in page
        assert "What next" in page
