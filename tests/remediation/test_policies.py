"""Rules that admins set: they hold at once and name themselves; in shadow nothing runs at all."""

import re

import pytest
from django.test import Client

from investigations.models import AuditEntry
from remediation.domain import policies
from remediation.domain.execution import act, claim, execute
from remediation.domain.sweep import sweep
from remediation.errors import GuardrailBlocked, NotYours, RuleRefused
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from remediation.models import Action, PolicyRule
from remediation.queries.phases import rules_about
from tests.factories.actions import approve, plan_action
from tests.factories.lab import InProcessActions
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
RULE = {"slug": "no-scaling-of-cart", "kind": "scale", "target": "cart", "environment": "",
        "effect": "block", "reason": "its <licence> counts pods"}  # fmt: skip


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def signed_in(name: str, *roles: str) -> Client:
    client = Client()
    client.force_login(person(name, *roles))
    return client


@pytest.mark.capability(58, 95)
def test_a_rule_holds_at_once_names_itself_and_is_logged(incident) -> None:
    waiting = plan_action(incident)
    admin, viewer = signed_in("ada", "admin"), signed_in("vi", "viewer")
    approver = signed_in("jo", "approver")
    for other in (viewer, approver):
        assert other.post("/autonomy/rules/set/", RULE).status_code == 403
    assert admin.post("/autonomy/rules/set/", RULE).status_code == 302
    entry = AuditEntry.objects.get(verb="policy.set")
    assert (entry.actor, entry.subject) == ("person/ada", "policy/no-scaling-of-cart")
    assert entry.detail["reason"] == RULE["reason"]
    with pytest.raises(GuardrailBlocked, match="Rule no-scaling-of-cart: its <licence>"):
        approve(waiting)
    address = f"/i/{waiting.investigation.incident_id}/a/{waiting.number}/"
    page = approver.get(address).content.decode()
    assert "Rule no-scaling-of-cart: its &lt;licence&gt; counts pods" in page
    listed = viewer.get("/autonomy/rules/").content.decode()
    assert "no-scaling-of-cart" in listed
    assert "Set a rule" not in listed
    assert "Only an admin sets or retires them" in listed
    assert 'class="btn" href="/autonomy/rules/"' in viewer.get("/autonomy/").content.decode()
    assert "Only an admin" not in admin.get("/autonomy/rules/").content.decode()
    assert admin.post("/autonomy/rules/no-scaling-of-cart/retire/").status_code == 302
    approved = approve(waiting, "lee")
    assert AuditEntry.objects.filter(verb="policy.retired").count() == 1
    # Set again between the approval and the change, it still stops it.
    admin.post("/autonomy/rules/set/", RULE)
    execute(approved.pk)
    approved.refresh_from_db()
    assert (approved.state, incident.world.applied) == ("halted", {})
    assert "Rule no-scaling-of-cart" in approved.result


def test_what_a_rule_forbids_waits_for_nobody_from_the_first_moment(incident) -> None:
    signed_in("ada", "admin").post("/autonomy/rules/set/", RULE)
    waiting = plan_action(incident)
    entry = incident.investigation.entries.get(kind="action")
    assert entry.data["state"] == "proposed"
    assert entry.data["blocked"].startswith("Rule no-scaling-of-cart: ")
    assert entry.data["blocked_by"] == ["policy rules"]
    room = signed_in("jo", "approver").get(f"/i/{waiting.investigation.incident_id}/")
    text = " ".join(re.sub(r"<[^>]+>", " ", room.content.decode()).split())
    assert "A1 waits, but nobody can approve it now: Rule no-scaling-of-cart" in text
    assert "A1 waits for" not in text
    reader = signed_in("vi", "responder")
    at = f"/i/{waiting.investigation.incident_id}/"
    assert (
        "waits, but nobody can approve it now: Rule no-scaling"
        in reader.get(f"{at}handoff/").content.decode()
    )
    assert "waits, but nobody can approve it now" in reader.get(f"{at}analysis.md").content.decode()
    for path in ("/incidents/", "/inbox/"):
        listed = reader.get(path).content.decode()
        assert "A1 waits, blocked now" in listed, path
        assert "A1 waits for" not in listed, path
    was = incident.investigation.events.count()
    sweep()
    assert incident.investigation.events.count() == was, "it has been told"


def test_what_makes_no_rule_is_refused_in_words_and_kept() -> None:
    admin, ada = signed_in("ada", "admin"), person("ben", "admin")
    for field, bad, why in (
        ("slug", "X", "3 to 50 small letters"), ("kind", "explode", "no action explode"),
        ("target", "a b", "A target is a name"), ("effect", "maybe", "Choose what"),
        ("reason", " ", "Say why"), ("reason", "x" * 301, "At most 300"),
    ):  # fmt: skip
        answer = admin.post("/autonomy/rules/set/", {**RULE, field: bad})
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert 'value="its &lt;licence&gt;' in answer.content.decode() or field == "reason"
    assert not PolicyRule.objects.exists()
    assert admin.post("/autonomy/rules/nothing-such/retire/").status_code == 404
    with pytest.raises(NotYours):
        policies.set_phase(phase="shadow", reason="x", person=person("al", "approver"))
    for phase, reason in (("autonomous", "x"), ("shadow", " ")):
        with pytest.raises(RuleRefused):
            policies.set_phase(phase=phase, reason=reason, person=ada)


@pytest.mark.parametrize(
    ("more", "is_about"),
    [
        ({}, True), ({"target": "service/cart"}, True), ({"target": "car*"}, True),
        ({"target": ""}, True), ({"target": "cart2"}, False), ({"target": "art*"}, False),
        ({"kind": ""}, True), ({"kind": "rollback"}, False), ({"environment": "prod"}, True),
        ({"environment": "test"}, False),
    ],
)  # fmt: skip
def test_which_rules_are_about_an_action(more, is_about) -> None:
    policies.set_rule(**{**RULE, **more}, person=person("ada", "admin"), may_be_new=True)
    about = {"kind": "scale", "target": "service/cart", "environment": "prod"}
    assert bool(rules_about(**about)) is is_about


@pytest.mark.capability(49)
def test_in_shadow_nothing_is_changed_whoever_approves(incident) -> None:
    calls: list[str] = []

    class Spy(LabExecutor):
        def execute(self, request, *, uid, version, key):
            calls.append(key)
            return super().execute(request, uid=uid, version=version, key=key)

    ada = person("ada", "admin")
    with override_executor(Spy(InProcessActions(incident.client))):
        early = approve(plan_action(incident), "ann")
        policies.set_phase(phase="shadow", reason="first week", person=ada)
        execute(early.pk)
        early.refresh_from_db()
        assert early.state == "halted"
        assert "In shadow, plans are shown and nothing runs: first week." in early.result
        for number, kind in enumerate(("scale", "rolling_restart"), 10):
            action = plan_action(incident, kind, service="search", number=number)
            with pytest.raises(GuardrailBlocked, match="In shadow, plans are shown"):
                approve(action, f"p{number}")
            Action.objects.filter(pk=action.pk).update(state="approved")
            assert claim(action.pk) is None
            Action.objects.filter(pk=action.pk).update(state="halted")
        sweep()
        assert (calls, incident.world.applied) == ([], {})
        page = signed_in("vi", "viewer").get("/autonomy/").content.decode()
        assert "Shadow · now" in page
        policies.set_phase(phase="assist", reason="it is right", person=ada)
        again = approve(plan_action(incident, service="cart", number=20), "zoe")
        execution = claim(again.pk)
        act(execution)
        assert len(calls) == 1


def test_an_environment_that_nothing_came_from_is_asked_about_and_kept(incident) -> None:
    admin = signed_in("ada", "admin")
    typed = {**RULE, "environment": "prdo"}
    answer = admin.post("/autonomy/rules/set/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "No incident has come from an environment prdo. Known: prod." in page
    assert 'value="prdo"' in page
    assert not PolicyRule.objects.exists()
    assert admin.post("/autonomy/rules/set/", {**RULE, "environment": "prod"}).status_code == 302
    assert admin.post("/autonomy/rules/set/", {**typed, "may_be_new": "1"}).status_code == 302
    assert PolicyRule.objects.get().environment == "prdo"


def test_who_retired_a_rule_stands_beside_who_set_it() -> None:
    for name, do in (("ada", "set/"), ("ben", f"{RULE['slug']}/retire/")):
        assert signed_in(name, "admin").post(f"/autonomy/rules/{do}", RULE).status_code == 302
    rule = PolicyRule.objects.get()
    assert (rule.set_by, rule.retired_by, rule.is_active) == ("person/ada", "person/ben", False)
    assert rule.changed_at < rule.retired_at
    page = signed_in("vi", "viewer").get("/autonomy/rules/").content.decode()
    assert "by <bdi>ada</bdi>" in page
    assert "by <bdi>ben</bdi>" in page
    signed_in("cat", "admin").post("/autonomy/rules/set/", RULE)
    rule.refresh_from_db()
    assert (rule.set_by, rule.retired_by, rule.retired_at) == ("person/cat", "", None)
