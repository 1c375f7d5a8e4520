"""A person takes back what nobody could judge: through the same gates, once, and looked at after."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from investigations.domain.clock import database_now
from investigations.domain.incidents import change_incident_state
from investigations.enums import IncidentState
from investigations.models import AuditEntry
from remediation.domain import kill_switch, undoing
from remediation.domain.execution import act, execute
from remediation.domain.feedback import give_feedback
from remediation.domain.sweep import sweep
from remediation.domain.transitions import move
from remediation.domain.undoing import ask_undo, undo
from remediation.domain.verifying import verify
from remediation.enums import ActionState
from remediation.errors import (
    ExecutorError,
    GuardrailBlocked,
    IllegalTransition,
    NotYours,
    PlanChanged,
    RemediationError,
    RuleRefused,
)
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from remediation.models import Action, ActionOutcome, Execution, KillSwitch, VerificationRun
from tests.factories.actions import approve, plan_action
from tests.factories.lab import InProcessActions
from tests.factories.people import person
from tests.lab.practice import act as act_on

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ROUNDS = 8


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def unjudged(incident, kind: str = "scale", *, number: int = 1) -> Action:
    """Return an action that really ran and of which nobody can say whether it helped."""
    return unjudged_of(plan_action(incident, kind, number=number))


def unjudged_of(planned: Action) -> Action:
    action = approve(planned, f"mira{planned.pk}")
    execute(action.pk)
    action.refresh_from_db()
    move(action, ActionState.INCONCLUSIVE, actor="agent/remediation", result="Nobody knows.")
    return action


def ask(action: Action, who) -> None:
    ask_undo(action_id=action.pk, person=who, seen_digest=action.digest)


def standing(action: Action) -> str:
    action.refresh_from_db()
    return str(action.state)


def cart(incident) -> int:
    return int(incident.world.workloads["cart"].replicas)


def test_it_is_undone_once_looked_at_and_told(incident) -> None:
    action = unjudged(incident)
    assert cart(incident) == 6
    ask(action, person("abe", "approver"))
    assert (standing(action), cart(incident)) == ("undoing", 6), "asking changes nothing"
    with pytest.raises(IllegalTransition, match="being undone now"):
        ask(action, person("bea", "approver"))
    undo(action.pk)
    undo(action.pk)
    assert (cart(incident), len(incident.world.applied)) == (3, 2)
    incident.pass_time(60)
    sweep()
    assert standing(action) == "undone"
    assert "Undone, as abe asked. cart is as it was before, 3 of 3 pods ready." in action.result
    outcome = ActionOutcome.objects.get()
    assert (outcome.helped, outcome.was_undone, outcome.is_measured) == (False, True, False)
    with pytest.raises(IllegalTransition, match="never tried a second time"):
        ask(action, person("cyd", "approver"))
    undo(action.pk)
    assert len(incident.world.applied) == 2
    told = AuditEntry.objects.filter(subject=f"action/{action.pk}").values_list("actor", "verb")
    assert ("person/abe", "action.undoing") in told
    assert ("agent/remediation", "action.undone") in told


def test_before_the_target_is_as_it_was_nothing_is_said(incident) -> None:
    action = unjudged(incident)
    ask(action, person("abe", "approver"))
    undo(action.pk)
    act_on(incident.world, "scale", "cart", replicas=5)
    undo(action.pk)
    assert standing(action) == "undoing"
    Execution.objects.filter(is_undo=True).update(
        finished_at=database_now() - timedelta(seconds=121)
    )
    undo(action.pk)
    assert standing(action) == "undone"
    assert "cart is not as it was before (replicas)" in action.result
    assert "a person must look" in action.result


class KeepsMore(LabExecutor):
    """The pods that are too many have not ended yet."""

    def observe(self, name):
        found = super().observe(name)
        return replace(found, ready=found.replicas + 2, updated=found.replicas)


def test_pods_that_are_too_many_are_waited_for_and_told(incident) -> None:
    action = unjudged(incident)
    ask(action, person("abe", "approver"))
    undo(action.pk)
    incident.pass_time(60)
    with override_executor(KeepsMore(InProcessActions(incident.client))):
        undo(action.pk)
        assert standing(action) == "undoing"
        Execution.objects.filter(is_undo=True).update(
            finished_at=database_now() - timedelta(seconds=121)
        )
        undo(action.pk)
    assert standing(action) == "undone"
    assert "has 5 pods ready where 3 are asked for: a person must look" in action.result
    assert AuditEntry.objects.get(verb="action.undo_verified").detail["is_well"] is False


@pytest.mark.parametrize("roles", [(), ("viewer",), ("responder",), ("admin",)])
def test_only_approvers_undo(incident, roles) -> None:
    action = unjudged(incident)
    with pytest.raises(NotYours):
        ask(action, person("x", *roles))
    client = Client()
    client.force_login(person("y", *roles))
    path = f"/i/{action.investigation.incident_id}/a/1/undo/"
    assert client.post(path, {"digest": action.digest}).status_code == 403
    assert standing(action) == "inconclusive"


def test_what_was_not_read_has_no_undo_or_is_over_is_refused(incident) -> None:
    action, abe = unjudged(incident), person("abe", "approver")
    with pytest.raises(PlanChanged):
        ask_undo(action_id=action.pk, person=abe, seen_digest="0" * 64)
    change_incident_state(investigation_id=action.investigation_id, to=IncidentState.RESOLVED,
                          author="person/abe", reason="over")  # fmt: skip
    with pytest.raises(GuardrailBlocked, match=r"Open it again first\. Nothing was undone\."):
        ask(action, abe)
    assert standing(action) == "inconclusive"
    Action.objects.filter(pk=action.pk).update(undo_payload={})
    with pytest.raises(RuleRefused, match="It has no undo"):
        ask(action, abe)


def test_a_target_that_another_action_holds_is_waited_for(incident) -> None:
    action = unjudged(incident)
    other = plan_action(incident, "rolling_restart", number=2)
    Action.objects.filter(pk=other.pk).update(state="running")
    with pytest.raises(IllegalTransition, match="Another action runs on cart now"):
        ask(action, person("abe", "approver"))
    action.refresh_from_db()
    assert (action.state, action.undo_asked_by) == ("inconclusive", None)


def test_a_stop_before_the_claim_leaves_it_to_be_asked_for_again(incident) -> None:
    action, abe = unjudged(incident), person("abe", "approver")
    ask(action, abe)
    kill_switch.engage(person=person("ray", "responder"), reason="wait")
    undo(action.pk)
    assert (standing(action), cart(incident)) == ("inconclusive", 6)
    assert "All actions are stopped. Nothing was undone." in action.result
    with pytest.raises(GuardrailBlocked, match="All actions are stopped by ray"):
        ask(action, abe)
    kill_switch.release(person=abe, reason="fine")
    ask(action, abe)
    undo(action.pk)
    assert cart(incident) == 3


def test_a_stop_after_the_claim_still_stops_the_call(incident) -> None:
    action = unjudged(incident)
    ask(action, person("abe", "approver"))
    action.refresh_from_db()
    execution = undoing._claim(action, drift="")
    kill_switch.engage(person=person("ray", "responder"))
    act(execution)
    assert (standing(action), cart(incident)) == ("halted", 6)
    assert "it stands. A person must judge." in action.result
    client = Client()
    client.force_login(person("rea", "responder"))
    page = f"/i/{action.investigation.incident_id}/a/1/"
    assert "It helped</button>" in client.get(page).content.decode()
    inbox = client.get("/inbox/").content.decode()
    assert f"Did A1 help? {action.title}: its undo was stopped, and it stands." in inbox
    client.post(f"{page}feedback/", {"value": "helped"})
    action.refresh_from_db()
    assert action.result.endswith("it stands. rea judged it: it helped.")


def test_what_somebody_changed_since_is_not_taken_back(incident) -> None:
    action, abe = unjudged(incident), person("abe", "approver")
    ask(action, abe)
    act_on(incident.world, "scale", "cart", replicas=5)
    undo(action.pk)
    assert (standing(action), cart(incident)) == ("inconclusive", 5)
    assert "cart was changed again since. Nothing was undone." in action.result
    # Also where it happens between the look and the call: the target refuses, and that was the try.
    Action.objects.filter(pk=action.pk).update(state="undoing")
    execution = undoing._claim(Action.objects.get(pk=action.pk), drift="")
    act(execution)
    assert (standing(action), cart(incident)) == ("inconclusive", 5)
    assert "Nothing was undone" in action.result
    with pytest.raises(IllegalTransition, match="never tried a second time"):
        ask(action, abe)


def test_an_approver_who_is_none_any_more_has_asked_in_vain(incident) -> None:
    action, abe = unjudged(incident), person("abe", "approver")
    ask(action, abe)
    abe.groups.clear()
    undo(action.pk)
    assert (standing(action), cart(incident)) == ("inconclusive", 6)
    assert "no approver any more" in action.result


class LostAnswer(LabExecutor):
    """Does what is asked, and its answer is lost."""

    def execute(self, request, *, uid, version, key):
        super().execute(request, uid=uid, version=version, key=key)
        raise ExecutorError("No answer.")


def test_a_lost_answer_is_looked_up_and_not_done_again(incident) -> None:
    action = unjudged(incident)
    ask(action, person("abe", "approver"))
    with override_executor(LostAnswer(InProcessActions(incident.client))):
        undo(action.pk)
    assert (standing(action), cart(incident)) == ("undoing", 3)
    undo(action.pk)
    assert not Execution.objects.get(is_undo=True).is_done, "its worker may still be at it"
    Execution.objects.filter(is_undo=True).update(started_at=database_now() - timedelta(seconds=30))
    incident.pass_time(60)
    undo(action.pk)
    assert (standing(action), len(incident.world.applied)) == ("undone", 2)


@pytest.mark.capability(69)
def test_people_and_a_stop_racing_undo_at_most_once(lab_incident, settings) -> None:
    settings.COOLDOWN_SECONDS = 0
    incident = lab_incident("bad_release_errors", is_worked=False)
    people = [person(name, "approver") for name in ("ann", "ben", "cat")]
    seen: dict[str, int] = {}
    for number in range(1, ROUNDS + 1):
        Execution.objects.update(started_at="2020-01-01T00:00:00Z")
        KillSwitch.objects.update(is_engaged=False)
        Action.objects.update(state="superseded")
        action = unjudged(incident, number=number)
        calls = len(incident.world.applied)
        state = _race(action, people, late_seconds=(0.0, 0.02, 0.08, 0.4)[number % 4])
        done = Execution.objects.filter(action=action, is_undo=True, is_done=True).count()
        assert done == len(incident.world.applied) - calls <= 1
        assert state == ("undoing" if done else state)
        assert state in {"undoing", "inconclusive", "halted"}
        seen[state] = seen.get(state, 0) + 1
        if not done:
            act_on(incident.world, "scale", "cart", replicas=3)
    assert sum(seen.values()) == ROUNDS
    assert 0 < seen.get("undoing", 0) < ROUNDS, (seen, "both sides must have won")


def _race(action: Action, people, *, late_seconds: float) -> str:
    barrier = threading.Barrier(3)

    def together(work, late=0.0):
        def run() -> None:
            barrier.wait()
            time.sleep(late)
            try:
                work()
            except RemediationError:
                pass
            finally:
                connection.close()

        return run

    def undo_by(who) -> None:
        ask(action, who)
        undo(action.pk)

    jobs = [together(lambda: undo_by(people[0])), together(lambda: undo_by(people[1])),
            together(lambda: kill_switch.engage(person=people[2], reason="race"), late_seconds)]  # fmt: skip
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda job: job(), jobs))
    return standing(action)


def test_its_card_offers_a_word_or_the_undo_and_nothing_to_who_may_neither(incident) -> None:
    action = unjudged(incident)
    page = f"/i/{action.investigation.incident_id}/a/1/"

    def read(role: str, name: str = "") -> str:
        client = Client()
        client.force_login(person(name or f"one-{role}", role))
        return client.get(page).content.decode()

    offers = ("It helped</button>", "It did not help</button>", "Undo it now</button>")
    for role, may in (("viewer", "000"), ("responder", "110"), ("approver", "111")):
        text = read(role)
        assert "".join("01"[offer in text] for offer in offers) == may, role
    client = Client()
    client.force_login(person("abe", "approver"))
    answer = client.post(f"{page}undo/", {"digest": action.digest})
    assert (answer.status_code, answer["Location"]) == (302, page)
    again = client.post(f"{page}undo/", {"digest": action.digest})
    assert (again.status_code, "being undone now" in again.content.decode()) == (409, True)
    assert "Undo it now" not in read("approver", "bea")


@pytest.mark.capability(61)
def test_it_is_taken_back_while_it_is_verified_and_then_says_nothing_of_its_cause(incident) -> None:
    action = approve(plan_action(incident), "mira")
    execute(action.pk)
    page = f"/i/{action.investigation.incident_id}/a/1/"
    client = Client()
    client.force_login(person("abe", "approver"))
    assert 'name="reason"' in client.get(page).content.decode()
    bare = client.post(f"{page}undo/", {"digest": action.digest})
    assert (bare.status_code, "Say why" in bare.content.decode()) == (422, True)
    long = client.post(f"{page}undo/", {"digest": action.digest, "reason": "x" * 201})
    assert (long.status_code, f'value="{"x" * 201}"' in long.content.decode()) == (422, True)
    follows = 'hx-trigger="every 2s"'
    assert follows in client.get(page).content.decode()
    assert follows not in long.content.decode(), "its refusal and what was typed stay"
    assert (standing(action), Execution.objects.filter(is_undo=True).count()) == ("verifying", 0)

    class TakenBackMeanwhile(LabExecutor):
        """A person asks while the worker is still looking at the target for its last verdict."""

        def observe(self, name):
            found = super().observe(name)
            if standing(action) == "verifying":
                said = {
                    "digest": action.digest,
                    "reason": "It made errors worse. A person must judge.",
                }
                assert client.post(f"{page}undo/", said).status_code == 302
            return found

    now = database_now()
    VerificationRun.objects.filter(action=action).update(
        settle_until=now - timedelta(seconds=120), deadline=now - timedelta(seconds=1)
    )
    with override_executor(TakenBackMeanwhile(InProcessActions(incident.client))):
        verify(action.pk)
    assert standing(action) == "undoing"
    assert action.result.endswith("A person must judge.")
    assert "It helped</button>" not in client.get(page).content.decode(), "typed words ask for none"
    assert "Did A1 help?" not in client.get("/inbox/").content.decode()
    with pytest.raises(RuleRefused, match="Nothing has come of it yet"):
        give_feedback(action_id=action.pk, person=person("rea", "responder"), value="helped")
    assert not Execution.objects.filter(is_undo=True).exists(), "asking and judging change nothing"
    undo(action.pk)
    incident.pass_time(60)
    sweep()
    assert (standing(action), cart(incident), len(incident.world.applied)) == ("undone", 3, 2)
    assert action.result.startswith(
        "Undone, as abe asked: It made errors worse. A person must judge. cart is as it was"
    )
    outcome = ActionOutcome.objects.get()
    assert (outcome.helped, outcome.was_undone, outcome.is_measured) == (False, True, False)
    entry = incident.investigation.entries.get(kind="action", key="A1")
    assert not {"helped", "effect"} & set(entry.data)
    run = VerificationRun.objects.get()
    assert (run.phase, "abe took it back" in run.note) == ("inconclusive", True)
