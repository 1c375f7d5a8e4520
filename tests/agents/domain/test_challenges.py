"""A challenge that was not borne out is put again in a later round; one that held is left alone."""

from dataclasses import replace

import pytest

from agents.domain.casework import open_case
from agents.domain.challenging import challenged_of, recheck
from agents.domain.drain import drain
from agents.domain.posting import post_finding
from agents.enums import AgentName, Presence, WorkKind
from agents.models import WorkItem
from agents.specialists.registry import REGISTRY
from remediation.domain.planning import plan_for
from telemetry.types import service
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def item_of(investigation, round_number: int) -> WorkItem:
    return WorkItem(investigation=investigation, kind=WorkKind.CHALLENGE, round=round_number,
                    agent=AgentName.RECONCILER, step_key=f"r{round_number}/challenge")  # fmt: skip


def no_fence() -> None:
    """Nothing else works on the investigation."""


def test_a_leak_that_was_not_killed_yet_is_challenged_anew_when_it_may_have_been(
    lab_incident,
) -> None:
    investigation = lab_incident("memory_leak", is_worked=False).investigation
    work = open_case(investigation)
    found = REGISTRY[AgentName.RESOURCE].gather(work.case)
    claim = next(f for f in found if f.feature == "memory_near_limit")
    card = post_finding(investigation, claim, fence=no_fence, prefix="r0/g/")
    killed = next(f for f in REGISTRY[AgentName.RESOURCE].gather(work.case)
                  if f.feature == "oom_kill" and f.resource == claim.resource)  # fmt: skip
    calm = replace(killed, presence=Presence.ABSENT, claim="Not seen: killed for memory.")
    post_finding(investigation, calm, fence=no_fence, challenges_id=card.pk, prefix="r0/c/")
    work.load()
    assert challenged_of(work) == {0: False}

    assert recheck(item_of(investigation, 0), work, card, no_fence)
    assert card.challenged_by.count() == 1, "its answer of this round is there"
    assert recheck(item_of(investigation, 1), work, card, no_fence)
    work.load()
    assert challenged_of(work) == {0: True}
    assert recheck(item_of(investigation, 2), work, card, no_fence)
    assert card.challenged_by.count() == 2, "what held is not asked again"


def test_the_same_answer_is_not_posted_again(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    work = open_case(investigation)
    found = list(REGISTRY[AgentName.NETWORK].gather(work.case))
    claim = replace(next(f for f in found if f.feature == "latency_rise"), feature="memory_ramp",
                    agent=AgentName.DATABASE)  # fmt: skip
    card = post_finding(investigation, claim, fence=no_fence, prefix="r0/g/")
    for round_number in range(3):
        assert recheck(item_of(investigation, round_number), work, card, no_fence)
    answers = list(card.challenged_by.all())
    assert [a.sample["finding"]["presence"] for a in answers] == ["absent"]


@pytest.mark.capability(18, 25)
def test_a_wrong_claim_of_one_agent_is_refuted_by_another_before_the_verdict(
    lab_incident, client
) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    work = open_case(investigation)
    found = list(REGISTRY[AgentName.NETWORK].gather(work.case))
    planted = replace(
        next(f for f in found if f.feature == "latency_rise"), agent=AgentName.DATABASE,
        resource=service("orders"), claim="Memory of orders grows until it is killed.",
    )  # fmt: skip
    first, *_ = [
        post_finding(investigation, replace(planted, feature=feature), fence=no_fence,
                     prefix=f"r0/{feature}/")
        for feature in ("memory_ramp", "memory_near_limit", "oom_kill")
    ]  # fmt: skip
    assert drain(investigation.pk, timeout_seconds=60)
    (answer,) = first.challenged_by.all()
    assert (first.author, answer.author) == ("agent/database", "agent/resource")
    assert answer.sample["finding"]["presence"] == "absent"
    assert answer.claim == "Not seen on orders: killed for memory."
    diagnosis = investigation.diagnoses.order_by("-number")[0]
    assert answer.posted_at < diagnosis.reached_at
    assert (diagnosis.verdict, diagnosis.fault_class) == ("inconclusive", "")
    missed = [r["name"] for r in diagnosis.rules if not r["passed"]]
    assert "Its strongest evidence survived a challenge" in missed
    # Both opinions are shown, and nothing is planned on a cause that did not survive the second.
    client.force_login(person("vi", "viewer"))
    at = f"/i/{investigation.incident_id}/e"
    page = client.get(f"{at}/{first.number}/").content.decode()
    assert "Memory of orders grows until it is killed." in page
    assert f"did not survive (E{answer.number})" in page
    assert answer.claim in client.get(f"{at}/{answer.number}/").content.decode()
    assert plan_for(diagnosis.pk) is None
    assert not investigation.actions.exists()
