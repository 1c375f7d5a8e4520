"""Actions of an incident that is merged into another one: withdrawn, and never started."""

import pytest

from investigations.domain.merging import merge_incidents, separate_incident
from investigations.errors import BoardError
from investigations.models import Incident
from remediation.domain.approvals import expire_old
from remediation.domain.execution import claim, execute
from remediation.domain.planning import plan_for
from remediation.domain.sweep import sweep
from remediation.domain.transitions import move
from remediation.enums import ActionState
from remediation.errors import IllegalTransition
from remediation.models import Action, Execution
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pair(lab_incident):
    into = lab_incident("bad_release_errors", is_worked=False)
    incident = lab_incident("bad_release_errors", seed=2, is_worked=False)
    return incident, into.investigation.incident


def _merge(pair) -> None:
    incident, into = pair
    merge_incidents(incident=Incident.objects.get(pk=incident.investigation.incident_id), into=into,
                    user=person("ray", "responder"), reason="one release")  # fmt: skip


def _state(action: Action) -> str:
    action.refresh_from_db()
    return str(action.state)


@pytest.mark.parametrize("is_approved", [False, True])
def test_what_waits_is_withdrawn_and_stays_so_after_they_are_apart_again(pair, is_approved) -> None:
    incident, into = pair
    action = plan_action(incident)
    if is_approved:
        approve(action)
    _merge(pair)
    expire_old()
    assert _state(action) == "superseded"
    assert action.result == f"The incident was merged into INC-{into.pk}. Nothing ran."
    merged = Incident.objects.get(merged_into=into)
    separate_incident(incident=merged, user=person("mo", "responder"), reason="two")
    sweep()
    assert (_state(action), Execution.objects.count()) == ("superseded", 0)


def test_an_approved_action_is_not_claimed_once_its_incident_is_merged(pair) -> None:
    action = approve(plan_action(pair[0]))
    _merge(pair)
    execute(action.pk)
    assert (_state(action), pair[0].world.applied) == ("halted", {})
    assert claim(action.pk) is None


def test_not_even_when_the_merge_comes_between_its_checks_and_its_claim(pair) -> None:
    action = approve(plan_action(pair[0]))
    _merge(pair)
    with pytest.raises(IllegalTransition, match="over, or merged"):
        move(action, ActionState.RUNNING, actor="system")
    assert _state(action) == "approved"


def test_what_runs_is_not_merged_and_nothing_is_planned_afterwards(pair) -> None:
    action = approve(plan_action(pair[0]))
    claim(action.pk)
    with pytest.raises(BoardError, match="A1 is being executed"):
        _merge(pair)
    Action.objects.filter(pk=action.pk).update(state=ActionState.RUNNING)
    move(Action.objects.get(pk=action.pk), ActionState.FAILED, actor="system", result="It failed.")
    person("zoe", "responder")
    incident, into = pair
    merge_incidents(incident=Incident.objects.get(pk=incident.investigation.incident_id), into=into,
                    user=person("lu", "responder"), reason="one")  # fmt: skip
    assert plan_for(action.diagnosis_id) is None
