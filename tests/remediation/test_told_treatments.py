"""A treatment in vain is evidence: the agents weigh it, once, and look again."""

from datetime import timedelta

import pytest

from agents.domain.drain import drain
from agents.domain.open_work import run_open_work
from agents.domain.rounds import reenter
from agents.enums import AgentName, Presence
from agents.findings import Cause, Finding
from agents.reconciler.treated import HELPED, NO_HELP, weight_of_treatment
from investigations.domain.clock import database_now
from investigations.domain.hypotheses import propose_hypothesis
from investigations.models import Diagnosis, Evidence, Grade, Incident, Investigation, Stance
from remediation.domain.crediting import Credit, effect_of
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import VerificationPhase as P
from remediation.models import Action, VerificationRun
from remediation.verification.measure import Measurement
from telemetry.results import Provenance
from telemetry.types import TelemetryKind, TimeWindow, service
from tests.factories.actions import approve

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
WRONG = ("service/cart", "traffic_surge")


def misdiagnosed(incident) -> Diagnosis:
    """Let the newest verdict blame the cart's traffic, which is not at fault."""
    board = incident.investigation
    hypothesis = propose_hypothesis(
        investigation_id=board.pk, claim="cart gets more traffic than it can take",
        author="agent/reconciler", resource=WRONG[0], fault_class=WRONG[1],
    )  # fmt: skip
    return Diagnosis.objects.create(
        investigation=board, number=board.diagnoses.count() + 1, step_key="made/wrong",
        verdict="likely_cause", resource=WRONG[0], fault_class=WRONG[1], summary="Wrong.",
        hypothesis=hypothesis, confidence=0.9, claim={"confidence": 0.9},
        treatments=[{"action": "scale", "resource": "service/cart", "reason": "on purpose"}],
    )  # fmt: skip


def treated(incident, diagnosis: Diagnosis) -> Action:
    """Approve, execute and judge the treatment at its last moment."""
    incident.catch_up()
    action = plan_for(diagnosis.pk)
    execute(approve(action).pk)
    incident.pass_time(300)
    now = database_now()
    VerificationRun.objects.filter(action=action).update(
        settle_until=now - timedelta(seconds=120), deadline=now - timedelta(seconds=1)
    )
    verify(action.pk)
    action.refresh_from_db()
    return action


@pytest.mark.capability(83)
def test_after_a_treatment_in_vain_the_next_round_leads_with_another_cause(
    lab_incident, client
) -> None:
    incident = lab_incident("bad_release_errors")
    board = incident.investigation
    first, rounds = board.diagnoses.order_by("-number")[0], board.round
    action = treated(incident, misdiagnosed(incident))
    assert (action.state, action.verification.effect) == ("undone", "no_help")
    assert Grade.objects.get(diagnosis__step_key="made/wrong").value == "wrong"
    incident.pass_time(30)
    run_open_work()
    assert drain(board.pk, timeout_seconds=60)
    board.refresh_from_db()
    assert board.round == rounds + 1
    assert board.events.filter(payload__sentence__icontains="A1 did not help").count() == 1
    card = Evidence.objects.get(investigation=board, feature="treatment_no_help")
    assert card.claim.startswith("A1 Scale cart from 3 to 6 replicas: what was wrong went on (")
    stance = Stance.objects.get(evidence=card)
    assert (stance.hypothesis.resource, stance.hypothesis.fault_class) == WRONG
    assert stance.weight_decibans == -6
    newest = board.diagnoses.order_by("-number")[0]
    assert (newest.verdict, newest.resource) == ("likely_cause", first.resource)
    assert (newest.resource, newest.fault_class) != WRONG
    # Once per action, whatever is asked again.
    for _ in range(2):
        run_open_work()
        reenter(board.pk)
    assert Investigation.objects.get(pk=board.pk).round == rounds + 1


@pytest.mark.parametrize(
    ("cause", "feature", "decibans"),
    [
        (("cart", "traffic_surge"), NO_HELP, -6.0),
        (("cart", "traffic_surge"), HELPED, 6.0),
        # Scaling treats it too, there.
        (("cart", "cpu_saturation"), NO_HELP, -6.0),
        (("orders", "traffic_surge"), NO_HELP, 0.0),
        (("cart", "bad_release"), NO_HELP, 0.0),
        (("cart", "traffic_surge"), "latency_rise", 0.0),
        # Planned for a cause elsewhere that this treats: its resource is not what is changed.
        (("web", "traffic_surge"), NO_HELP, -6.0),
    ],
)
def test_an_effect_speaks_only_of_what_the_action_treats(cause, feature, decibans) -> None:
    began = database_now()
    told = Finding(
        agent=AgentName.DEPLOYMENT, feature=feature, resource=service("cart"), claim="A1",
        presence=Presence.PRESENT, kind=TelemetryKind.METRIC,
        provenance=Provenance("A1", TelemetryKind.METRIC, "q", TimeWindow(began, began + timedelta(1)), began),
        sample={"action": "scale", "cause": ["service/web", "traffic_surge"]},
    )  # fmt: skip
    assert weight_of_treatment(Cause(service(cause[0]), cause[1]), told) == decibans


def test_without_budget_or_while_paused_or_over_nothing_is_asked_for(lab_incident) -> None:
    incident = lab_incident("bad_release_errors")
    board = incident.investigation
    treated(incident, misdiagnosed(incident))
    rows = Investigation.objects.filter(pk=board.pk)
    board.hypotheses.filter(state="proposed").update(state="inconclusive")
    rows.update(used_queries=board.budget_queries)
    assert not reenter(board.pk)
    rows.update(used_queries=0, paused_at=database_now())
    assert not reenter(board.pk)
    rows.update(paused_at=None)
    incidents = Incident.objects.filter(pk=board.incident_id)
    incidents.update(state="mitigated")
    assert not reenter(board.pk)
    assert not Evidence.objects.filter(feature="treatment_no_help").exists()
    incidents.update(state="open")
    assert reenter(board.pk)


def row(phase: P, before: str, **more) -> Measurement:
    return Measurement("error_ratio", "", 0.0, 0.1, 10, 0, 1.0, phase.value, before=before, **more)


@pytest.mark.parametrize(
    ("phase", "health", "rows", "effect"),
    [
        (P.PASSED, P.PASSED, [row(P.PASSED, "out of range")], "helped"),
        (P.FAILED, P.PASSED, [row(P.FAILED, "out of range")], "no_help"),
        # Its pods never became ready: the treatment has not taken place.
        (P.FAILED, P.FAILED, [row(P.FAILED, "out of range")], ""),
        (P.FAILED, P.INCONCLUSIVE, [row(P.FAILED, "out of range")], ""),
        # Something else got worse: that tells of the action, not of the cause.
        (P.FAILED, P.PASSED, [row(P.FAILED, "in range")], ""),
        (P.FAILED, P.PASSED, [row(P.FAILED, "out of range"), row(P.FAILED, "in range")], ""),
        (P.FAILED, P.PASSED, [row(P.FAILED, "")], ""),
        (P.FAILED, P.PASSED, [row(P.FAILED, "out of range", is_witness=True)], ""),
        (P.INCONCLUSIVE, P.PASSED, [row(P.PASSED, "in range")], ""),
        (P.RUNNING, P.PASSED, [], ""),
    ],
)
def test_only_what_is_known_to_have_gone_on_speaks_against_the_cause(
    phase, health, rows, effect
) -> None:
    assert effect_of(Credit(phase, rows), health) == effect
