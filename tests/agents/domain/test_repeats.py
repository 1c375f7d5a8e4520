"""What is found again in a later round counts once, and says what is new in it."""

from dataclasses import replace

import pytest

from agents.domain import dispatch
from agents.domain.casework import open_case
from agents.domain.posting import finding_of, post_finding
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.enums import SteeringKind
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_what_is_found_again_counts_once(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency").investigation
    leader = investigation.hypotheses.get(state="leading")
    card = leader.stances.order_by("-weight_decibans")[0].evidence
    work = open_case(investigation)
    work.load()
    found = replace(finding_of(card), ended_at=database_now())
    told = work.worded(found)
    assert told.claim == f"{card.claim} Last seen at {found.ended_at:%H:%M:%SZ}."
    again = post_finding(investigation, told, fence=lambda: None, prefix="r1/")
    runs.steer(investigation_id=investigation.pk, user=person("mira", "responder"), text="really?",
               kind=SteeringKind.CHALLENGE, subject=f"E{card.number}")  # fmt: skip
    dispatch.wake(investigation.pk)
    while dispatch.work(investigation_id=investigation.pk):
        pass
    old = card.stances.get(hypothesis=leader)
    assert (old.weight_decibans, old.kind) == (0.0, "neutral")
    assert old.rule.endswith(f"E{again.number} answers the same anew and counts instead")
    assert again.stances.get(hypothesis=leader).weight_decibans > 0
    leader.refresh_from_db()
    assert leader.supports_count == leader.stances.filter(weight_decibans__gte=1).count()
    rivals = card.stances.exclude(hypothesis=leader)
    assert all(s.weight_decibans == 0 for s in rivals)
