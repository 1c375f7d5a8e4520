"""What guardrails allow and refuse, at their bounds, and that each refusal is told on the page."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from investigations.domain.clock import database_now
from investigations.domain.incidents import change_incident_state
from investigations.domain.topology import save_edges
from investigations.enums import IncidentState
from investigations.models import Attention, ServiceDependency
from remediation.domain import kill_switch
from remediation.domain.blocking import tell_blocks
from remediation.domain.digests import digest_of_action
from remediation.domain.execution import claim
from remediation.domain.live_check import drift_of
from remediation.domain.sweep import sweep
from remediation.enums import GuardrailVerdict
from remediation.errors import GuardrailBlocked
from remediation.guardrails.base import Ruling, Situation
from remediation.guardrails.evaluate import blocking_sentence, evaluate
from remediation.guardrails.rules import blast_radius, gradual
from remediation.guardrails.standing import dependents, scale_bound
from remediation.models import Action, Approval, ChangeFreeze, Execution, KillSwitch
from telemetry.types import TopologyEdge, service
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

integration = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
pytestmark = integration
ALLOW, ASK, BLOCK = GuardrailVerdict.ALLOW, GuardrailVerdict.ASK, GuardrailVerdict.BLOCK


@pytest.mark.capability(68)
@pytest.mark.parametrize(
    ("touched", "total", "verdict"),
    [(2, 10, ALLOW), (20, 100, ALLOW), (21, 100, ASK), (3, 14, ASK), (10, 10, ASK),
     (0, 10, BLOCK), (2, 0, BLOCK), (None, 10, BLOCK), (2.0, 10, BLOCK)],
)  # fmt: skip
def test_more_than_a_fifth_of_the_pods_needs_people_and_an_unknown_share_is_refused(
    touched, total, verdict
) -> None:
    action = SimpleNamespace(blast={"touched_pods": touched, "total_pods": total})
    ruling = blast_radius(Situation(action, database_now(), "prod"))
    assert ruling.verdict is verdict, ruling.reason


@pytest.mark.capability(66)
@pytest.mark.parametrize(
    ("at_once", "touched", "verdict"),
    [(0, 6, ALLOW), (1, 6, ALLOW), (5, 6, ALLOW), (6, 6, ASK), (1, 1, ALLOW), (2, 2, ASK),
     (None, 6, ASK), (1, None, ASK)],
)  # fmt: skip
def test_all_pods_at_the_same_time_needs_people(at_once, touched, verdict) -> None:
    action = SimpleNamespace(blast={"at_once": at_once, "touched_pods": touched})
    ruling = gradual(Situation(action, database_now(), "prod"))
    assert ruling.verdict is verdict, ruling.reason


@pytest.mark.capability(53)
@pytest.mark.parametrize(
    ("has", "wanted", "verdict"),
    [(3, 6, ALLOW), (3, 7, BLOCK), (1, 2, ALLOW), (1, 3, BLOCK), (3, 2, ALLOW), (0, 1, BLOCK),
     (None, 4, BLOCK)],
)  # fmt: skip
def test_at_most_twice_the_replicas(has, wanted, verdict) -> None:
    action = SimpleNamespace(
        payload={"action": "scale", "replicas": wanted}, undo_payload={"replicas": has}
    )
    assert scale_bound(Situation(action, database_now(), "prod")).verdict is verdict


@pytest.mark.capability(53)
def test_one_replica_more_than_twice_is_refused_and_the_plan_asks_for_twice(incident) -> None:
    action = plan_action(incident)
    assert action.payload["replicas"] == 2 * action.undo_payload["replicas"]
    action.payload["replicas"] += 1
    action.digest = digest_of_action(action)
    action.save()
    with pytest.raises(GuardrailBlocked, match=r"From 3 to 7 replicas; at most 6 at once"):
        approve(action)


@pytest.mark.capability(52)
def test_who_depends_on_the_target_is_counted_from_the_topology_as_it_is_now(incident) -> None:
    action = plan_action(incident)
    situation = Situation(action, database_now(), "prod")

    def judged(*edges: str) -> tuple[GuardrailVerdict, str]:
        ServiceDependency.objects.all().delete()
        save_edges([TopologyEdge(*map(service, edge.split(">"))) for edge in edges], database_now())
        ruling = dependents(situation)
        return ruling.verdict, ruling.reason

    assert judged("shop>cart", "cart>users", "shop>search", "cart>ledger") == (
        ALLOW, "1 of 5 services call it, directly or through others.",
    )  # fmt: skip
    more = ("web>shop", "shop>cart", "mail>web", "cart>users", "users>mail")
    assert judged(*more) == (ASK, "4 of 5 services call it, directly or through others.")
    assert judged() == (ASK, "Who depends on it is not known: there is no topology.")
    # What the plan itself says is not believed: the pods are counted from the target anew.
    Action.objects.filter(pk=action.pk).update(blast={**action.blast, "touched_pods": 1})
    action.refresh_from_db()
    assert drift_of(action) == "It would now touch 3 pods, not 1."


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def _stop(incident, action) -> None:
    kill_switch.engage(person=person("sam", "responder"), reason="peak <traffic>")


def _freeze(incident, action) -> None:
    now = database_now()
    ChangeFreeze.objects.create(starts_at=now - timedelta(1), ends_at=now + timedelta(1),
                                reason="the sale")  # fmt: skip


def _over(incident, action) -> None:
    change_incident_state(investigation_id=action.investigation_id, to=IncidentState.RESOLVED,
                          author="person/x", reason="over")  # fmt: skip


def _database(incident, action) -> None:
    Action.objects.filter(pk=action.pk).update(target="database/orders-db")


def _unknown(incident, action) -> None:
    Action.objects.filter(pk=action.pk).update(blast={})


def _again(incident, action) -> Action:
    """Another action of the kind has just run there."""
    other = Action.objects.get(pk=action.pk)
    other.pk, other.number, other.state = None, 900, "succeeded"
    other.save()
    Execution.objects.create(action=other, key="before", started_at=database_now(), is_done=True)
    return other


def _back(incident, action) -> None:
    other = _again(incident, action)
    Action.objects.filter(pk=other.pk).update(kind="rollback", undo_payload=action.payload)


def _unreadable(incident, action) -> None:
    KillSwitch.objects.all().delete()


@pytest.mark.capability(71)
@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (_stop, "All actions are stopped by sam: peak &lt;traffic&gt;"),
        (_unreadable, "The kill switch cannot be read."), (_freeze, ": the sale"),
        (_over, "The incident is resolved."), (_database, "A database is never changed"),
        (_unknown, "What it would touch is not known."), (_again, "It ran on this target"),
        (_back, "This value was changed away from"),
    ],
)  # fmt: skip
def test_every_refusal_has_its_reason_on_the_page(incident, arrange, said) -> None:
    action = plan_action(incident)
    arrange(incident, action)
    action.refresh_from_db()
    rulings = evaluate(Situation(action, database_now(), "prod"))
    assert all(r.reason.strip() and r.guardrail for r in rulings)
    assert BLOCK in {r.verdict for r in rulings}
    client = Client()
    client.force_login(person("jo", "approver"))
    page = client.get(f"/i/{action.investigation.incident_id}/a/{action.number}/").content.decode()
    assert "Nobody can approve it now." in page
    assert said in page


def test_what_blocks_longest_is_said_first() -> None:
    soon, late = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (12, 13))
    rulings = [Ruling("a", BLOCK, "Till noon.", until=soon), Ruling("b", ASK, "Look."),
               Ruling("c", BLOCK, "Till one.", until=late), Ruling("d", BLOCK, "Until someone acts.")]  # fmt: skip
    assert blocking_sentence(rulings) == "Until someone acts. Till one. Till noon."


@pytest.mark.capability(70)
def test_a_second_action_on_a_target_rests_and_says_until_when(incident, settings) -> None:
    settings.COOLDOWN_SECONDS = 900
    action = approve(plan_action(incident), "ann")
    ran_at = database_now() - timedelta(seconds=300)
    Execution.objects.filter(action=_again(incident, action)).update(started_at=ran_at)
    assert claim(action.pk) is None, "whichever worker asks: the rows tell"
    action.refresh_from_db()
    assert action.state == "halted"
    assert f"From {ran_at + timedelta(seconds=900):%H:%M}Z on it may run again." in action.result
    elsewhere = approve(plan_action(incident, service="users", number=7), "ben")
    assert claim(elsewhere.pk) is not None
    Action.objects.filter(pk=elsewhere.pk).update(state="succeeded")
    settings.COOLDOWN_SECONDS = 299
    assert claim(approve(plan_action(incident, number=8), "cat").pk) is not None


def test_the_last_change_of_an_hour_is_told_before_and_what_it_locks_is_kept(incident) -> None:
    first, ran_at = approve(plan_action(incident), "ann"), database_now() - timedelta(minutes=20)
    Execution.objects.create(action=first, key="one", started_at=ran_at, is_done=True)
    Action.objects.filter(pk=first.pk).update(state="undone")
    action = plan_action(incident, "rolling_restart", number=7)
    client, until = Client(), f"{ran_at + timedelta(hours=1):%H:%MZ}"
    client.force_login(person("jo", "approver"))

    def page() -> str:
        address = f"/i/{action.investigation.incident_id}/a/{action.number}/"
        return client.get(address).content.decode()

    assert (
        f"It is the last change on cart that the limit allows: after it nobody can run another there until {until}"
        in page()
    )
    other = Action.objects.filter(pk=_again(incident, action).pk)
    # Of another kind, and so no change that was tried before.
    other.update(kind="scale", state="undone", diff=first.diff)
    assert "the last change on cart" not in page()
    assert f"2 of 2 on this target, 2 of 6 in all. From {until} on another may run." in page()
    assert "If its time is up before, it is planned anew. Sooner only by hand" in page()
    Action.objects.filter(pk=action.pk).update(approval_expires_at=database_now())
    sweep()
    rows = Action.objects.filter(diagnosis=action.diagnosis, kind=action.kind)
    assert [a.state for a in rows.order_by("number")] == ["expired", "proposed"]


@pytest.mark.capability(72)
def test_a_target_stays_taken_until_its_change_is_verified(incident) -> None:
    one = approve(plan_action(incident), "ann")
    assert claim(one.pk) is not None
    Action.objects.filter(pk=one.pk).update(state="succeeded")
    two = approve(plan_action(incident, "rolling_restart", number=7), "ben")
    for state in ("running", "unknown", "verifying"):
        Action.objects.filter(pk=one.pk).update(state=state)
        assert claim(two.pk) is None, state
        two.refresh_from_db()
        assert two.state == "approved", "it waits for the target"
    Action.objects.filter(pk=one.pk).update(state="succeeded")
    assert claim(two.pk) is not None


@pytest.mark.capability(73)
def test_back_and_forth_halts_and_calls_people_once(incident) -> None:
    action = plan_action(incident)
    _back(incident, action)
    for _ in range(2):
        tell_blocks(limit=50)
    call = Attention.objects.get(kind="action_back_and_forth")
    assert (call.audience, call.path) == (
        "responders", f"/i/{action.investigation.incident_id}/a/{action.number}/",
    )  # fmt: skip
    assert "changed away from within two hours" in call.text
    with pytest.raises(GuardrailBlocked, match="changed away from"):
        approve(action)
    # Approved a moment before the other one ran, it is halted at the claim.
    Action.objects.filter(pk=action.pk).update(
        state="approved", execution_expires_at=database_now() + timedelta(minutes=5)
    )
    Approval.objects.create(action=action, person=person("zoe", "approver"), decision="approve",
                            digest=action.digest)  # fmt: skip
    assert claim(action.pk) is None
    action.refresh_from_db()
    assert (action.state, incident.world.applied) == ("halted", {})


def test_a_refusal_at_the_button_is_the_one_on_the_page(incident) -> None:
    action = plan_action(incident)
    _freeze(incident, action)
    with pytest.raises(GuardrailBlocked, match="the sale"):
        approve(action)
