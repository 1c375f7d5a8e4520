"""An action that a person asks for: from the catalogue only, and decided by somebody else."""

import re

import pytest

from investigations.domain import runs
from investigations.domain.incidents import change_incident_state
from investigations.enums import IncidentState, SteeringKind, SteeringState
from investigations.presenters.consensus import blamed_of
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.requested import kind_named, plan_requested
from remediation.domain.sweep import sweep
from remediation.domain.transitions import move
from remediation.enums import ActionState, Decision
from remediation.errors import GuardrailBlocked, NotPlannable, NotYours
from remediation.models import Action
from remediation.queries.waiting import decidable
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def planned(lab_incident):
    investigation = lab_incident("bad_release_latency").investigation
    action = plan_for(investigation.diagnoses.order_by("-number")[0].pk)
    assert action is not None
    return investigation, action


def ask(investigation, who, text):
    message = runs.steer(
        investigation_id=investigation.pk, user=who, text=text, kind=SteeringKind.PROPOSE
    )
    plan_requested(message.pk)
    plan_requested(message.pk)
    message.refresh_from_db()
    return message


def test_it_stands_beside_the_agents_own_and_another_person_decides(planned) -> None:
    investigation, theirs = planned
    mira, jo = person("mira", "approver"), person("jo", "approver")
    message = ask(investigation, mira, "restart cart because it began there")
    mine = Action.objects.get(investigation=investigation, requested_by=mira)
    assert message.state == SteeringState.ACTED
    assert message.reply == f"{mine} proposed: {mine.title}. Another person must approve it."
    assert mine.reason == "mira: it began there"
    theirs.refresh_from_db()
    assert theirs.state == ActionState.PROPOSED
    assert (decidable(mira).count(), decidable(jo).count()) == (1, 2)
    with pytest.raises(NotYours, match="You asked for it"):
        decide(action_id=mine.pk, person=mira, decision=Decision.APPROVE, seen_digest=mine.digest)
    decide(
        action_id=mine.pk, person=jo, decision=Decision.DENY, seen_digest=mine.digest, reason="no"
    )


def test_the_same_again_points_to_what_waits(planned) -> None:
    investigation, theirs = planned
    message = ask(investigation, person("mira", "responder"),
                  f"{theirs.kind} {theirs.target.rpartition('/')[2]}")  # fmt: skip
    assert message.reply.startswith(f"{theirs} is just that")
    assert investigation.actions.count() == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [("explode cart", "The catalogue has no action explode"), ("restart nothing-such", "nothing-such"),
     ("restart", "Write it like this")],
)  # fmt: skip
def test_what_cannot_be_done_is_declined_in_words(planned, text, why) -> None:
    investigation, _ = planned
    message = ask(investigation, person("mira", "responder"), text)
    assert message.state == SteeringState.DECLINED
    assert why in message.reply
    assert investigation.actions.count() == 1


def test_names_are_read_kindly_but_never_guessed() -> None:
    assert kind_named("roll-back").slug == "rollback"
    assert kind_named("restart").slug == "rolling_restart"
    with pytest.raises(NotPlannable, match="Did you mean rollback"):
        kind_named("rollbak")


def test_what_a_person_adds_says_nothing_of_the_cause_that_the_agents_found(
    planned, client
) -> None:
    investigation, theirs = planned
    ask(investigation, person("mira", "approver"), "restart cart because it began there")
    entries = investigation.entries.filter(kind="action")
    treated = {entry.key: entry.data["treats"] for entry in entries}
    assert treated == {"A1": theirs.diagnosis.hypothesis.number, "A2": None}
    client.force_login(person("vi", "viewer"))
    pages = [client.get(f"/i/{investigation.incident_id}/a/{n}/").content.decode() for n in (1, 2)]
    assert ["Treats:" in page for page in pages] == [True, False]
    blamed, told = theirs.diagnosis.blamed, blamed_of(theirs.diagnosis)
    assert told is not None
    cited = f'<a class="cite" href="/i/{investigation.incident_id}/e/{blamed["evidence"]}/">'
    assert [f": <bdi>{told.text}</bdi> {cited}" in page for page in pages] == [
        True,
        False,
    ]
    named = "Asked for by mira: no treatment of the likely cause by the rules."
    assert [named in page for page in pages] == [False, True]
    own = investigation.actions.get(number=2).options
    named = ", ".join(o["name"] for o in own if o.get("stands") == "beside")
    assert named
    assert f"By the rules what treats it is: {named}." in pages[1]
    assert ["else it is undone by itself" in page for page in pages] == [True, False]
    assert "it was no help; nothing undoes it" in pages[1]
    assert "passed over" not in pages[1]


def test_what_treats_the_cause_leads_wherever_both_wait(planned, client) -> None:
    investigation, _ = planned
    room = f"/i/{investigation.incident_id}/"
    ask(investigation, person("mira", "approver"), "restart cart because it began there")
    client.force_login(person("jo", "approver"))
    panel = client.get(f"{room}actions/", headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r'<article class="action stack[^"]*" id="action-(\d+)"', panel) == ["1", "2"]
    assert re.findall(r'class="btn( btn-primary)?" type="submit" data-needs-live', panel) == [
        " btn-primary",
        "",
    ]
    assert "A1 waits for you:" in client.get(room).content.decode()
    rows = client.get("/inbox/").content.decode().split('<li class="entry is-action"')[1:3]
    warned = {"A2:" in row: "no treatment of the likely cause by the rules" in row for row in rows}
    assert warned == {True: True, False: False}
    assert [row.count("btn-primary") for row in rows if "A2:" in row] == [0]


def test_while_one_acts_no_approval_is_lost_and_what_waits_is_planned_anew_after_it(
    planned,
) -> None:
    investigation, theirs = planned
    mira, jo = person("mira", "approver"), person("jo", "approver")
    name = theirs.target.rpartition("/")[2]
    for kind in ("restart", "scale"):
        ask(investigation, mira, f"{kind} {name}")
    first = Action.objects.get(investigation=investigation, number=2)
    decide(action_id=first.pk, person=jo, decision=Decision.APPROVE, seen_digest=first.digest)
    with pytest.raises(
        GuardrailBlocked, match=r"A2 \(.*\) is about to begin\. It changes the same"
    ):
        decide(action_id=theirs.pk, person=jo, decision=Decision.APPROVE, seen_digest=theirs.digest)
    execute(first.pk)
    with pytest.raises(GuardrailBlocked, match=r"still being verified, until .* at the latest"):
        decide(action_id=theirs.pk, person=jo, decision=Decision.APPROVE, seen_digest=theirs.digest)
    sweep()
    theirs.refresh_from_db()
    assert (theirs.state, theirs.approvals.count()) == (ActionState.PROPOSED, 0)
    first.refresh_from_db()
    move(first, ActionState.INCONCLUSIVE, actor="agent/remediation", result="A person must judge.")
    sweep()
    rows = {a.number: a for a in Action.objects.filter(investigation=investigation)}
    assert [rows[n].state for n in (1, 3)] == [ActionState.STALE] * 2
    waiting = {
        (a.kind, a.requested_by_id) for a in rows.values() if a.state == ActionState.PROPOSED
    }
    assert waiting == {(theirs.kind, None), ("scale", mira.pk)}
    assert "It is planned anew." in rows[1].result
    # Once users are not hurt any more, what a person asked for before lapses, and says how to ask again.
    cure = next(a for a in rows.values() if (a.kind, a.state) == (theirs.kind, "proposed"))
    decide(action_id=cure.pk, person=jo, decision=Decision.APPROVE, seen_digest=cure.digest)
    execute(cure.pk)
    change_incident_state(investigation_id=investigation.pk, to=IncidentState.MITIGATED,
                          author="person/jo", reason="It is over.")  # fmt: skip
    cure.refresh_from_db()
    move(cure, ActionState.SUCCEEDED, actor="agent/remediation", result="It helped.")
    sweep()
    assert not investigation.actions.filter(state=ActionState.PROPOSED).exists()
    lapsed = investigation.actions.filter(requested_by=mira).order_by("-number")[0]
    assert lapsed.state == ActionState.STALE
    assert lapsed.result.endswith(f"If it is still wanted: /propose scale {name}")


def test_what_was_approved_beside_another_and_found_its_target_changed_is_asked_for_again(
    planned,
) -> None:
    """Two approvals in one moment: one runs, the other must not be forgotten."""
    investigation, theirs = planned
    mira, jo = person("mira", "approver"), person("jo", "approver")
    name = theirs.target.rpartition("/")[2]
    for kind in ("restart", "scale"):
        ask(investigation, mira, f"{kind} {name}")
    first, second = Action.objects.filter(investigation=investigation, number__gt=1).order_by(
        "number"
    )
    for action in (second, first):
        decide(action_id=action.pk, person=jo, decision=Decision.APPROVE, seen_digest=action.digest)
        Action.objects.filter(pk=action.pk).update(state=ActionState.PROPOSED)
    Action.objects.filter(pk__in=(first.pk, second.pk)).update(state=ActionState.APPROVED)
    execute(first.pk)
    execute(second.pk)
    second.refresh_from_db()
    assert second.state == ActionState.STALE, second.result
    assert second.result.endswith(
        "is asked for again once its target is free, while the incident is open."
    )
    again = investigation.actions.filter(kind="scale", number__gt=second.number)
    sweep()
    assert not again.exists(), "another one is still being verified there"
    first.refresh_from_db()
    move(first, ActionState.INCONCLUSIVE, actor="agent/remediation", result="A person must judge.")
    for _ in range(2):
        sweep()
    assert [(a.state, a.requested_by) for a in again] == [(ActionState.PROPOSED, mira)]
    assert again[0].approvals.count() == 0, "it needs an approval of its own"
