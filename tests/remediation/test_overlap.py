"""Two changes at once: only what treats the likely cause is credited, and people are told before."""

import pytest

from agents.domain.treatments import treatment_findings
from investigations.domain.clock import database_now
from investigations.models import Diagnosis, Grade, Incident, Investigation
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import Decision
from remediation.guardrails.base import Situation
from remediation.guardrails.standing import told_apart
from remediation.models import Action, ActionOutcome, Execution
from remediation.queries.autonomy import list_gates
from remediation.queries.overlap import LIMIT, NAMED, beside
from tests.factories.people import person
from tests.remediation.test_closed_loop import settle
from tests.remediation.test_requested import ask

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def run(action: Action, name: str) -> None:
    decide(action_id=action.pk, person=person(name, "approver"), decision=Decision.APPROVE,
           seen_digest=action.digest)  # fmt: skip
    execute(action.pk)
    action.refresh_from_db()
    assert action.state == "verifying", action.result


def _told_on_card_and_page(client, incident: int, needless: Action, fix: Action) -> None:
    """The card says in a sentence what is lost, the page of the action what becomes of each."""
    until = needless.verification.deadline
    warned = (
        f"{needless} ({needless.title}) is being verified until {until:%H:%M:%SZ}; what you approve now "
        "cannot be told apart from it."
    )
    further = f"{warned} Of the two, only {fix} treats the likely cause"
    card, page = (
        client.get(f"/i/{incident}/{path}").content.decode()
        for path in ("actions/", f"a/{fix.number}/")
    )
    assert (warned in card, further in card, further in page) == (True, False, True)


def _told_of_another_incident(fix: Action, beside_it: Action) -> None:
    """What is under way for another incident of the environment is told as well, as it is judged."""
    board, other = fix.investigation, Incident.objects.get(pk=fix.investigation.incident_id)
    place, other.pk = other.environment, None
    other.save()
    copy = Investigation.objects.get(pk=board.pk)
    copy.pk, copy.incident = None, other
    copy.save()
    rows = Action.objects.filter(pk=beside_it.pk)
    rows.update(investigation=copy, state="approved")
    situation = Situation(Action.objects.get(pk=fix.pk), database_now(), place)
    told = told_apart(situation).warns
    assert told.startswith(f"INC-{other.pk} {beside_it} ({beside_it.title}) is about to begin; ")
    assert told.endswith(f"Of the two, only {fix} can be credited with what is well then.")
    # The practice system is one, whoever opened the incident, and in whatever environment.
    Incident.objects.filter(pk=other.pk).update(environment="elsewhere", origin="manual")
    assert told_apart(situation).warns == told
    Investigation.objects.filter(pk=copy.pk).update(telemetry={"kind": "live"})
    assert told_apart(situation).verdict == "allow"
    rows.update(investigation=board, state="inconclusive")


def _too_many(fix: Action, beside_it: Action) -> None:
    """Where more ran than are looked at, nothing is credited."""
    began = Execution.objects.get(action=fix).started_at
    assert beside(fix, began=began).may_be_credited
    for number in range(LIMIT):
        more = Action.objects.get(pk=beside_it.pk)
        more.pk, more.number = None, 50 + number
        more.save()
        Execution.objects.create(action=more, key=f"more-{number}", is_done=True)
    found = beside(fix, began=began)
    assert (found.may_be_credited, f"More than {LIMIT} others ran" in found.told) == (False, True)
    Execution.objects.filter(action__number__gte=50).update(is_done=False, finished_at=began)


@pytest.mark.capability(60)
def test_what_ran_beside_the_treatment_of_the_likely_cause_earns_nothing(
    lab_incident, client
) -> None:
    incident = lab_incident("bad_release_errors")
    board = incident.investigation
    fix = plan_for(board.diagnoses.order_by("-number")[0].pk)
    assert fix is not None
    ask(board, person("ray", "responder"), "restart search")
    needless = board.actions.get(requested_by__username="ray")
    client.force_login(person("abe", "approver"))
    cards = f"/i/{board.incident_id}/actions/"
    assert "cannot be told apart" not in client.get(cards).content.decode()
    run(needless, "cyd")
    _told_on_card_and_page(client, board.incident_id, needless, fix)
    run(fix, "bea")
    incident.pass_time(240)
    settle(needless)
    settle(fix)
    assert verify(needless.pk) == "inconclusive", "whichever is judged first"
    assert verify(fix.pk) == "passed"
    needless.refresh_from_db()
    fix.refresh_from_db()
    board.incident.refresh_from_db()
    assert (needless.state, fix.state) == ("inconclusive", "succeeded")
    assert needless.result == (
        f"{fix} ran at the same time and treats the likely cause: {needless} cannot be credited. "
        "A person must judge."
    )
    assert fix.result.startswith("It helped: back in the normal range")
    told = f"{needless} ran at the same time, and is no treatment of the likely cause."
    assert fix.result.endswith(told)
    assert [o.action for o in ActionOutcome.objects.all()] == [fix]
    assert [(g.kind, g.helped) for g in list_gates()] == [(fix.kind, 1)]
    assert [f.provenance.source for f in treatment_findings(board)] == [str(fix)]
    assert Grade.objects.get().value == "right"
    room = client.get(f"/i/{board.incident_id}/").content.decode()
    assert f"{fix} helped: {fix.title}." in room
    assert f"{needless} helped" not in room
    assert f"{fix.title}" in client.get("/history/").content.decode()

    _told_of_another_incident(fix, needless)
    _too_many(fix, needless)
    # Where the likely cause is known no more, neither can be told apart from the other.
    Diagnosis.objects.create(
        investigation=board, number=board.diagnoses.count() + 1, step_key="none", summary="None",
        verdict="inconclusive",
    )  # fmt: skip
    for one, other in ((fix, needless), (needless, fix)):
        found = beside(one, began=Execution.objects.get(action=one).started_at)
        assert not found.may_be_credited
        assert found.told == f"{other} ran at the same time: nobody can tell which of them helped."


def test_every_other_that_is_under_way_is_named_before_an_approval(
    lab_incident, django_assert_max_num_queries
) -> None:
    incident = lab_incident("bad_release_errors")
    board = incident.investigation
    fix = plan_for(board.diagnoses.order_by("-number")[0].pk)
    assert fix is not None
    situation = Situation(fix, database_now(), board.incident.environment)

    def another(number: int, **fields: object) -> Action:
        more = Action.objects.get(pk=fix.pk)
        more.pk, more.number, more.state, more.kind = None, number, "running", "scale"
        more.target, more.title = f"service/s{number}", f"Scale s{number}"
        for name, value in fields.items():
            setattr(more, name, value)
        more.save()
        return more

    another(2)
    with django_assert_max_num_queries(9) as one:
        alone = told_apart(situation)
    assert (
        alone.reason
        == "A2 (Scale s2) is running; what you approve now cannot be told apart from it."
    )
    another(3)
    another(4, state="approved")
    with django_assert_max_num_queries(9) as three:
        told = told_apart(situation)
    assert len(one) == len(three)
    assert told.reason == (
        "A4 (Scale s4) is about to begin, A3 (Scale s3) is running and A2 (Scale s2) is running; "
        "what you approve now cannot be told apart from them."
    )
    assert told.warns.endswith(
        "Of all these, only A1 treats the likely cause: what is well then is credited to it alone."
    )
    newest = board.diagnoses.order_by("-number")[0]
    both = [*newest.treatments, {"action": "scale", "resource": "service/s5"}]
    newest.pk, newest.number, newest.step_key, newest.treatments = None, 99, "two", both
    newest.save()
    another(5)
    told = told_apart(situation)
    assert "A3 (Scale s3) is running and 1 more is under way; what" in told.reason
    assert told.warns.endswith("none of them is credited with it: a person must judge.")
    for number in range(6, 7 + LIMIT):
        another(number)
    told = told_apart(situation)
    assert f" and more than {LIMIT - NAMED} more are under way; what" in told.reason
    assert told.warns.endswith("none of them is credited with it: a person must judge.")
