"""Two changes at once: only what treats the likely cause is credited, and people are told before."""

import pytest

from agents.domain.treatments import treatment_findings
from investigations.models import Diagnosis, Grade
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import Decision
from remediation.models import Action, ActionOutcome, Execution
from remediation.queries.autonomy import list_gates
from remediation.queries.overlap import beside
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
    until = needless.verification.deadline
    page = client.get(cards).content.decode()
    assert (
        f"{needless} ({needless.title}) is being verified until {until:%H:%M:%SZ}; what you approve now "
        f"cannot be told apart from it. Of the two, only {fix} treats the likely cause"
    ) in page
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

    # Where the likely cause is known no more, neither can be told apart from the other.
    Diagnosis.objects.create(
        investigation=board, number=board.diagnoses.count() + 1, step_key="none", summary="None",
        verdict="inconclusive",
    )  # fmt: skip
    for one, other in ((fix, needless), (needless, fix)):
        found = beside(one, began=Execution.objects.get(action=one).started_at)
        assert not found.may_be_credited
        assert found.told == f"{other} ran at the same time: nobody can tell which of them helped."
