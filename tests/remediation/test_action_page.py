"""The page of one action: it follows what was decided, and asks for nothing else."""

import re

import pytest
from django.test import Client

from remediation.domain.execution import execute
from remediation.domain.transitions import move
from remediation.enums import ActionState
from remediation.models import Action
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ASKS_AGAIN = 'hx-trigger="every 2s"'
HTMX = {"HX-Request": "true"}


@pytest.fixture
def planned(lab_incident) -> Action:
    return plan_action(lab_incident("bad_release_latency", is_worked=False))


@pytest.fixture
def client_of():
    def sign_in(name: str, *roles: str) -> Client:
        client = Client()
        client.force_login(person(name, *roles))
        return client

    return sign_in


def _page(action: Action) -> str:
    return f"/i/{action.investigation.incident_id}/a/{action.number}/"


def _read(client: Client, action: Action, *, is_part: bool = False) -> str:
    answer = client.get(_page(action), headers=HTMX if is_part else {})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_follows_an_action_from_its_approval_to_its_end(planned, client_of) -> None:
    client = client_of("jo", "approver")
    before = _read(client, planned)
    assert ASKS_AGAIN not in before
    fields = dict(
        re.findall(r'<input type="hidden" name="(page|digest|decision)" value="(.*?)"', before)
    )
    answer = client.post(
        f"{_page(planned)}approvals/", {**fields, "decision": "approve"}, headers=HTMX
    )
    assert ASKS_AGAIN in answer.content.decode()
    execute(planned.pk)
    part = _read(client, planned, is_part=True)
    assert part.lstrip().startswith("<article")
    assert (ASKS_AGAIN in part, "A1: Verifying." in part) == (True, True)
    planned.refresh_from_db()
    move(planned, ActionState.SUCCEEDED, actor="agent/remediation", result="It helped.")
    for is_part in (True, False):
        ended = _read(client, planned, is_part=is_part)
        assert ASKS_AGAIN not in ended
        assert "It helped." in ended
        assert f"Back to INC-{planned.investigation.incident_id}</a>" in ended


def test_in_the_room_a_card_asks_for_nothing_by_itself(planned, client_of) -> None:
    approve(planned)
    client = client_of("jo", "viewer")
    room = client.get(f"/i/{planned.investigation.incident_id}/actions/", headers=HTMX)
    assert b"every 2s" not in room.content
    assert ASKS_AGAIN in _read(client, planned, is_part=True)


def test_who_may_not_look_is_not_told_by_the_part_either(planned, client_of) -> None:
    nobody = client_of("nobody")
    assert nobody.get(_page(planned), headers=HTMX).status_code == 403
    assert Client().get(_page(planned), headers=HTMX).status_code in {302, 401, 403}
