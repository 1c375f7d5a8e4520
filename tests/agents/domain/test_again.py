"""Redo from here: a round that begins where somebody stands on the board."""

import re
from datetime import timedelta

import pytest

from agents.domain import dispatch
from investigations.enums import SteeringState
from investigations.presenters.again import again_of
from tests.factories.board import NOON
from tests.factories.people import person

BUTTON = re.compile(r'name="text" value="(/focus [^"]+)"')


@pytest.mark.unit
@pytest.mark.parametrize(
    ("resource", "minutes", "command"),
    [
        ("service/payments", 15, "/focus payments 12:00-12:15"),
        ("service/payments", 400, "/focus payments"), ("node/a b", 15, None), ("", 15, None),
        ("service/payments", 0, "/focus payments"),
    ],
)  # fmt: skip
def test_what_a_command_can_name(resource, minutes, command) -> None:
    again = again_of(resource, start=NOON, end=NOON + timedelta(minutes=minutes))
    assert (again and again.command) == command


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_the_agents_begin_a_round_from_a_card_and_from_a_hypothesis(lab_incident, client) -> None:
    investigation = lab_incident("bad_release_latency").investigation
    leader = investigation.hypotheses.get(state="leading")
    card = investigation.evidence.exclude(resource="").filter(kind="metric").first()
    root = f"/i/{investigation.incident_id}"
    client.force_login(person("rosa", "responder"))
    for path in (f"{root}/e/{card.number}/", f"{root}/h/{leader.number}/"):
        before = investigation.round
        command = BUTTON.search(client.get(path).content.decode())[1]
        assert client.post(f"{root}/steer/", {"text": command}).status_code == 302
        dispatch.wake(investigation.pk)
        while dispatch.work(investigation_id=investigation.pk):
            pass
        investigation.refresh_from_db()
        message = investigation.steering.order_by("-number")[0]
        assert (message.state, message.text) == (
            SteeringState.ACTED,
            command.removeprefix("/focus "),
        )
        assert investigation.round > before
    client.force_login(person("vic", "viewer"))
    assert "Redo from here" not in client.get(path).content.decode()
