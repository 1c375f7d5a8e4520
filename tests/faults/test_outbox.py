"""Killed between the commit and the message, a call is still delivered, and once."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from investigations.domain.channels import add_webhook
from investigations.domain.notifying import deliver_due
from investigations.models import Attention, Delivery, OutboundHost
from tests.factories.board import open_board
from tests.factories.servers import Answering, local_server

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
KILLED = """
import os, signal, sys
import django
django.setup()
from django.db import transaction
from investigations.domain.board import post_entry
data = {"id": 71, "number": 1, "title": "Roll back", "state": "proposed", "approvals": 0,
        "approvals_needed": 1}
with transaction.atomic():
    # The first thing after the commit, before any message is sent.
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
    post_entry(investigation_id=int(sys.argv[1]), kind="action", key="A1", data=data, author="x",
               sentence="A1 proposed")
"""


def in_a_worker_that_is_killed(investigation_id: int) -> int:
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    env = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "sre_workspace.settings_test",
        "DATABASE_URL": f"postgresql://{database['USER']}@{host}/{database['NAME']}",
    }  # fmt: skip
    command = [sys.executable, "-c", KILLED, str(investigation_id)]
    return subprocess.run(command, env=env, timeout=60).returncode


@pytest.mark.capability(97)
def test_a_call_whose_worker_died_before_it_told_anybody_is_delivered_once() -> None:
    board = open_board()
    with local_server(lambda *_: Answering(body=b"ok")) as server:
        OutboundHost.objects.create(host="127.0.0.1", is_internal=True, added_by="x")
        add_webhook(url=f"{server.url}/hook", actor="person/ada", name="team", format_name="plain",
                    events=[], has_practice=False)  # fmt: skip
        assert in_a_worker_that_is_killed(board.pk) == -signal.SIGKILL
        call = Attention.objects.get(kind="action_proposed")
        assert board.events.filter(payload__sentence="A1 proposed").count() == 1
        assert not server.asked
        for _ in range(3):
            deliver_due()
    assert len(server.asked) == 1
    assert server.asked[0][2]["X-SRE-Delivery"].startswith(call.dedup_key)
    assert Delivery.objects.get().state == "sent"
