"""People's words re-enter a run that was over, are answered, and the run ends again."""

import pytest

from agents.domain import dispatch, rounds
from agents.domain.drain import drain
from investigations.domain import hypotheses, runs
from investigations.enums import SteeringKind, SteeringState
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worked(lab_incident):
    investigation = lab_incident("bad_release_latency").investigation
    return investigation, person("mira", "responder")


def go_on(investigation) -> None:
    dispatch.wake(investigation.pk)
    while dispatch.work(investigation_id=investigation.pk):
        pass
    investigation.refresh_from_db()
    assert investigation.is_over


def test_a_challenge_is_answered_once(worked) -> None:
    investigation, mira = worked
    items = investigation.work_items.count()
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="really?",
                         kind=SteeringKind.CHALLENGE, subject="E1")  # fmt: skip
    go_on(investigation)
    message.refresh_from_db()
    assert message.state in {SteeringState.ACTED, SteeringState.DECLINED}
    assert message.reply
    assert investigation.work_items.count() - items <= 8


@pytest.mark.capability(37)
def test_a_hypothesis_is_tested_to_a_verdict(worked) -> None:
    investigation, mira = worked
    row = hypotheses.propose_hypothesis(investigation_id=investigation.pk, claim="packet loss to payments",
                                        author="person/mira", posted_by=mira)  # fmt: skip
    go_on(investigation)
    row.refresh_from_db()
    assert (row.fault_class, row.resource) == ("packet_loss", "service/payments")
    assert row.verdict in {"refuted", "inconclusive"}
    assert row.stances.exists()


@pytest.mark.capability(38)
def test_a_ruled_out_leader_no_longer_leads(worked) -> None:
    investigation, mira = worked
    leader = investigation.hypotheses.get(state="leading")
    hypotheses.rule_out_hypothesis(hypothesis_id=leader.pk, reason="not that", user=mira)
    go_on(investigation)
    leader.refresh_from_db()
    newest = investigation.diagnoses.order_by("-number")[0]
    assert leader.state == "ruled_out"
    assert newest.hypothesis_id != leader.pk


def test_steering_is_answered(worked) -> None:
    investigation, mira = worked
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="look at payments",
                         agent="network")  # fmt: skip
    go_on(investigation)
    message.refresh_from_db()
    assert message.state == SteeringState.ACTED


def test_a_paused_run_claims_nothing_until_resumed(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    mira = person("mira", "responder")
    rounds.open_investigation(investigation.pk)
    runs.pause_investigation(investigation_id=investigation.pk, user=mira)
    assert not dispatch.work(investigation_id=investigation.pk)
    runs.resume_investigation(investigation_id=investigation.pk, user=mira)
    assert drain(investigation.pk, timeout_seconds=60)
