"""A worker that dies around a question: nothing is lost, nothing doubled, little is asked twice."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from agents.domain import consulting, dispatch
from agents.domain.drain import drain
from agents.domain.phases import create_items
from agents.domain.verdicts import READ
from agents.enums import AgentName, CallOutcome, WorkKind, WorkState
from agents.models import ModelCall, WorkItem
from investigations.domain.journal import verify_chain
from tests.agents.llm.conftest import WIRES
from tests.agents.llm.servers import by_role, serving, stream
from tests.factories.board import open_board

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
WIRE = WIRES["openai"]
LOSS = {"resource": "R1", "fault_class": "packet_loss", "why": "retries rise"}
SUMMARY = {"sentences": [{"text": "Nothing answered.", "evidence": [1]}]}
HONEST = by_role(WIRE.events, propose={"hypotheses": [LOSS]}, summary=SUMMARY)


def run_worker(investigation, url: str, crash_at: str) -> int:
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    env = {
        **os.environ, "SRE_LEASE_SECONDS": "1", "SRE_CRASH_AT": crash_at,
        "SRE_LOG_LEVEL": "CRITICAL",
        "DATABASE_URL": f"postgresql://{database['USER']}@{host}/{database['NAME']}",
    }  # fmt: skip
    worker = [sys.executable, "-m", "tests.agents.llm.worker", str(investigation.pk), url]
    return subprocess.run(worker, env=env, timeout=90, check=False).returncode


@pytest.mark.parametrize(
    ("point", "left_open"),
    [("after_asked", 1), ("after_consult", 0), ("after_proposals", 0), ("after_summarise", 0)],
)
def test_a_killed_worker_is_taken_over(point: str, left_open: int, tmp_path) -> None:
    investigation = open_board()
    with serving(HONEST) as server:
        url = f"{server.url}/v1"
        assert run_worker(investigation, url, f"{point}:{tmp_path / 'mark'}") == -signal.SIGKILL
        assert run_worker(investigation, url, "") == 0
    assert len(server.bodies) == 2
    outcomes = sorted(ModelCall.objects.values_list("outcome", flat=True))
    assert outcomes == ["asked"] * left_open + ["ok", "ok"]
    investigation.refresh_from_db()
    assert investigation.state == "concluded"
    assert set(investigation.work_items.values_list("state", flat=True)) == {"done"}
    assert investigation.hypotheses.get(author="agent/model").verdict != "untested"
    assert investigation.entries.filter(kind="model_summary").count() == 1
    assert verify_chain(investigation.pk) is None


def test_an_answer_in_the_middle_of_a_round_waits_for_its_end(use_server) -> None:
    investigation = open_board()
    ModelCall.objects.create(
        investigation=investigation, step_key="r0/consult/model", role="propose", provider="openai",
        model="m", outcome=CallOutcome.OK.value,
        answer={"proposals": [{"resource": "service/payments", "fault_class": "packet_loss",
                               "why": "it drops"}], "dropped": 0},
    )  # fmt: skip
    assert not consulting.post_proposals(investigation.pk)
    assert not investigation.hypotheses.exists()
    assert drain(investigation.pk, timeout_seconds=60)
    row = investigation.hypotheses.get(author="agent/model")
    reason, _, standing = row.note.partition(READ)
    assert reason == "The model's reason: it drops"
    assert standing.startswith("looked for, with nothing found")
    assert row.verdict != "untested"


def test_a_question_waits_for_a_slot_without_holding_a_worker(use_server) -> None:
    investigation = open_board()
    create_items(investigation, WorkKind.CONSULT, [AgentName.MODEL], round_number=0)
    item = WorkItem.objects.get()
    with serving(stream(WIRE.events({"hypotheses": []}))) as server:
        use_server(WIRE, server.url)
        for _ in range(2):
            assert consulting.SLOTS.acquire(blocking=False)
        try:
            assert dispatch.work(item_id=item.pk)
        finally:
            consulting.SLOTS.release(2)
        assert server.bodies == []
        item.refresh_from_db()
        assert (item.state, item.attempts) == (WorkState.PENDING.value, 0)
        assert not dispatch.work(item_id=item.pk)
        WorkItem.objects.update(not_before=item.created_at)
        assert dispatch.work(item_id=item.pk)
        assert len(server.bodies) == 1
