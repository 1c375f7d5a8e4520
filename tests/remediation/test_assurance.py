"""How sure an action is, what is expected of it, what came of it, and what people say afterwards."""

import itertools
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from investigations.domain.clock import database_now
from investigations.models import AuditEntry, Incident
from remediation.domain.assurance import (
    COUNTS,
    PARTS,
    Part,
    PastRun,
    compared,
    learned_confidence,
    past_runs,
    total_of,
)
from remediation.domain.execution import execute
from remediation.domain.feedback import give_feedback
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import GuardrailVerdict
from remediation.guardrails import rules
from remediation.guardrails.base import Ruling, Situation
from remediation.guardrails.evaluate import evaluate, strictest
from remediation.guardrails.standing import assurance
from remediation.models import Action, ActionOutcome, AutonomyRecord, VerificationRun
from sre_workspace.env import env_shares
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

unit = pytest.mark.unit
integration = pytest.mark.integration
database = pytest.mark.django_db(transaction=True)
SHARES = (0.35, 0.25, 0.25, 0.15)
HERE = {"service": "service/cart", "fault_class": "bad_release"}


def whole(*values: float, shares: tuple[float, ...] = SHARES) -> float:
    return total_of([Part(*row, "") for row in zip(PARTS, values, shares, strict=True)])


@pytest.mark.capability(24)
@unit
def test_the_parts_add_up_exactly_and_none_is_enough_alone(settings) -> None:
    assert settings.ASSURANCE_WEIGHTS == SHARES
    assert whole(0.8, 0.6, 0.4, 0.2) == pytest.approx(0.28 + 0.15 + 0.10 + 0.03, abs=1e-12)
    assert whole(1, 1, 1, 1) == pytest.approx(1.0, abs=1e-12)
    assert whole(9, -3, 0, 0) == pytest.approx(0.35, abs=1e-12), "each counts between 0 and 1"
    for alone in range(4):
        values = [float(i == alone) for i in range(4)]
        assert whole(*values) == pytest.approx(SHARES[alone], abs=1e-12)
        assert whole(*values) < settings.ASSURANCE_GATE
        assert whole(*[1.0 - v for v in values]) < settings.ASSURANCE_GATE


@pytest.mark.capability(24)
@unit
def test_weights_are_set_by_the_environment_and_must_make_a_hundred(monkeypatch) -> None:
    assert env_shares("SRE_ASSURANCE_WEIGHTS", "35/25/25/15") == SHARES
    monkeypatch.setenv("SRE_ASSURANCE_WEIGHTS", "40/30/20/10")
    assert whole(1, 0, 1, 0, shares=env_shares("SRE_ASSURANCE_WEIGHTS", "")) == pytest.approx(0.6)
    for bad in ("50/50/50", "120/-20", "a/b"):
        monkeypatch.setenv("SRE_ASSURANCE_WEIGHTS", bad)
        with pytest.raises(ValueError, match=r"SRE_ASSURANCE_WEIGHTS|could not convert"):
            env_shares("SRE_ASSURANCE_WEIGHTS", "")


@pytest.mark.capability(55)
@unit
def test_what_was_learned_rises_with_success_falls_with_failure_and_begins_at_nothing() -> None:
    good, bad = (PastRun(**HERE, helped=helped) for helped in (True, False))
    assert learned_confidence([], **HERE) == 0.0
    steps = [learned_confidence([good] * n, **HERE) for n in range(1, 40)]
    assert all(a < b for a, b in itertools.pairwise(steps))
    assert (steps[0], steps[-1]) == (pytest.approx(2 / 3), pytest.approx(40 / 41))
    assert learned_confidence([good] * 9 + [bad], **HERE) < learned_confidence([good] * 9, **HERE)
    elsewhere = learned_confidence([PastRun("service/x", "bad_release", helped=True)] * 9, **HERE)
    another = learned_confidence([PastRun("service/x", "dns", helped=True)] * 9, **HERE)
    assert another < elsewhere < learned_confidence([good] * 9, **HERE)


@unit
def test_a_prediction_stands_beside_what_came() -> None:
    told = {"helps": 0.75, "seconds": 40.0, "runs": 5}
    came = ActionOutcome(helped=True, seconds_to_recover=31.4)
    text = "Predicted: helps in about 40 s with 75%, from 5 earlier runs."
    assert compared(told, None) == f"{text} {COUNTS}."
    assert compared(told, came) == f"{text} {COUNTS}. Came: helped after 31 s."
    assert compared({"helps": 0.0, "seconds": None, "runs": 0}, ActionOutcome(helped=False)) == (
        "Predicted: nothing. It never ran before. Came: did not help."
    )
    assert compared({}, came) == ""


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


@pytest.fixture
def ended(incident) -> Action:
    """An action that was judged useless and undone."""
    action = approve(plan_action(incident))
    execute(action.pk)
    incident.pass_time(180)
    late = database_now() - timedelta(seconds=1)
    VerificationRun.objects.filter(action=action).update(
        settle_until=late - timedelta(seconds=100), deadline=late
    )
    verify(action.pk)
    return Action.objects.get(pk=action.pk)


def page_of(action: Action, name: str = "jo", *roles: str) -> str:
    client = Client()
    client.force_login(person(name, *(roles or ("approver",))))
    return client.get(f"/i/{action.investigation.incident_id}/a/{action.number}/").content.decode()


@pytest.mark.capability(41, 57, 103)
@integration
@database
def test_a_plan_is_kept_with_what_is_expected_and_the_page_compares_it(incident) -> None:
    first = plan_action(incident)
    nothing = {"helps": 0.0, "seconds": None, "runs": 0, "practice": True}
    assert first.prediction == nothing
    ActionOutcome.objects.create(
        action=first, kind="scale", service="service/cart", fault_class="bad_release", helped=True,
        seconds_to_recover=44.0,
    )  # fmt: skip
    Action.objects.filter(pk=first.pk).update(state="superseded")
    action = plan_action(incident, number=2)
    told = {"helps": pytest.approx(2 / 3), "seconds": 44.0, "runs": 1, "practice": True}
    assert action.prediction == told
    assert [p["name"] for p in action.assurance["parts"]] == list(PARTS)
    values = [p["value"] for p in action.assurance["parts"]]
    assert action.assurance["total"] == pytest.approx(whole(*values), abs=1e-12)
    Action.objects.filter(pk=action.pk).update(evidence=[3])
    page = page_of(action)
    for part in ("diagnosis", "coverage", "track record", "likeness"):
        assert f"<strong>{part}</strong>" in page
    assert "1 of 1 practice run of this kind helped" in page
    assert "counts 35%" in page
    assert "a test" in page, "its reason"
    assert f'href="/i/{action.investigation.incident_id}/e/3/"' in page
    assert "Predicted: helps in about 44 s with 67%, from 1 earlier practice run." in page
    assert "There is no room for more pods" in page, "how it can fail"
    gate = Client()
    gate.force_login(person("vi", "viewer"))
    told = gate.get("/autonomy/").content.decode()
    assert told.count("not enough data") >= 3
    assert "runs approved by people: 1, needs 30" in told
    assert "✓ undone or harmful: 0 of 1 run, none allowed" in told
    AutonomyRecord.objects.create(kind="scale", service="service/cart", phase="autonomous")
    give_feedback(action_id=first.pk, person=person("rea", "responder"), value="harmed")
    told = gate.get("/autonomy/?of=practice").content.decode()
    assert "✗ undone or harmful: 1 of 1 run, none allowed" in told, (
        "harm counts, whatever was measured"
    )
    assert "1 of 1 run undone as no help, or harmful as people say" in told
    assert AutonomyRecord.objects.get(kind="scale", service="service/cart").phase == "assist"


@integration
@database
def test_practice_says_nothing_of_real_incidents_nor_they_of_practice(incident) -> None:
    first = plan_action(incident)
    ActionOutcome.objects.create(action=first, kind="scale", service="service/cart",
                                 fault_class="bad_release", helped=True)  # fmt: skip
    assert [len(past_runs("scale", practice=p)) for p in (True, False)] == [1, 0]
    Incident.objects.update(origin="alert")
    assert [len(past_runs("scale", practice=p)) for p in (True, False)] == [0, 1]


@pytest.mark.capability(41, 57, 82)
@integration
@database
def test_an_outcome_keeps_before_after_and_side_effects_and_people_add_their_word(ended) -> None:
    row = ActionOutcome.objects.get(action=ended)
    assert (row.kind, row.service, row.fault_class) == ("scale", "service/cart", "bad_release")
    assert (row.helped, row.was_undone, row.was_autonomous) == (False, True, False)
    assert row.before["replicas"] == row.after["replicas"] == ended.undo_payload["replicas"]
    assert row.before["version"] != row.after["version"]
    assert row.side_effects
    assert all(" in range" in told for told in row.side_effects)
    assert row.recorded_at is not None
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ActionOutcome.objects.filter(pk=row.pk).update(helped=True)
    page = page_of(ended)
    assert "Predicted: nothing. It never ran before in practice. Came: did not help." in page
    assert "a test" in page, "its reason stays"
    client = Client()
    address = f"/i/{ended.investigation.incident_id}/a/{ended.number}/feedback/"
    client.force_login(person("vic", "viewer"))
    assert client.post(address, {"value": "harmed"}).status_code == 403
    client.force_login(person("rosa", "responder"))
    assert client.post(address, {"value": "nonsense"}).status_code == 422
    client.post(address, {"value": "neutral", "note": "pods <b>waited</b>"})
    assert client.post(address, {"value": "harmed", "note": "it cost <b>us</b>"}).status_code == 302
    (said,) = row.feedback.all()
    assert (said.value, said.person.username) == ("harmed", "rosa")
    assert AuditEntry.objects.filter(verb="action.judged").count() == 2
    page = page_of(ended, "ann")
    assert "it did harm." in page
    assert "cost &lt;b&gt;us" in page


@pytest.mark.capability(50)
@integration
@database
def test_options_are_weighed_in_the_open_with_their_risk(lab_incident) -> None:
    investigation = lab_incident("memory_leak").investigation
    diagnosis = investigation.diagnoses.order_by("-number")[0]
    action = plan_for(diagnosis.pk)
    name = diagnosis.resource.rpartition("/")[2]
    assert [(o["name"], o["risk"]) for o in action.options] == [
        (f"Roll back {name}", "yellow"), (f"Rolling restart {name}", "yellow, no way back"),
        ("Change nothing", "none"),
    ]  # fmt: skip
    assert action.options[0]["why"].startswith("taken: the first that treats this cause")
    page = page_of(action)
    assert f"<strong>Rolling restart {name}</strong> (risk: yellow, no way back): kept for" in page
    # What was tried says so, and the next is taken.
    Action.objects.filter(pk=action.pk).update(state="failed")
    second = plan_for(diagnosis.pk)
    assert [o["why"].partition(":")[0] for o in second.options] == ["taken", "not now", "not taken"]
    assert second.options[1] == {"name": f"Roll back {name}", "risk": "yellow",
                                 "why": "not now: it was tried before", "stands": ""}  # fmt: skip


@integration
@database
def test_nothing_is_said_of_what_has_not_come_yet(incident) -> None:
    action = plan_action(incident)
    client = Client()
    client.force_login(person("rosa", "responder"))
    address = f"/i/{action.investigation.incident_id}/a/{action.number}/feedback/"
    assert client.post(address, {"value": "helped"}).status_code == 422
    assert "What people say it did" not in page_of(action)


@pytest.mark.capability(51)
@unit
@pytest.mark.parametrize("gate", [g.__name__ for g in rules.GUARDRAILS])
@pytest.mark.parametrize("verdict", [GuardrailVerdict.ASK, GuardrailVerdict.BLOCK])
def test_each_gate_alone_can_stop(gate, verdict) -> None:
    def ruled(name: str):
        mine = verdict if name == gate else GuardrailVerdict.ALLOW
        return lambda _: Ruling(name, mine, f"concern of {name}")

    told = evaluate(SimpleNamespace(), [ruled(g.__name__) for g in rules.GUARDRAILS])
    assert strictest(told) is verdict
    concerns = [r.reason for r in told if r.verdict is not GuardrailVerdict.ALLOW]
    assert concerns == [f"concern of {gate}"], "and it is told which"


@pytest.mark.capability(51)
@integration
@pytest.mark.parametrize(
    ("told", "verdict"),
    [({"total": 0.9}, "ask"), ({"total": 0.9001}, "allow"), ({"total": 0.2}, "ask"), ({}, "ask")],
)  # fmt: skip
def test_more_than_ninety_percent_or_a_person(told, verdict) -> None:
    ruling = assurance(Situation(SimpleNamespace(assurance=told), database_now, "prod"))
    assert ruling.verdict == verdict
