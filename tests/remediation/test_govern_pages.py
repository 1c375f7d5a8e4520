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
from investigations.models import Diagnosis
from remediation.queries.gate import read_gate
from tests.factories.board import open_board
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


def test_error_pages_say_what_is_safe_and_what_next(viewer) -> None:
    for path, status in (("/i/0/", 404), ("/incidents/new/", 403)):
        answer = viewer.get(path)
        assert answer.status_code == status
        page = answer.content.decode()
        assert "What is safe" in page
        assert "What next" in page
