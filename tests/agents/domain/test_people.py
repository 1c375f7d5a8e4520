"""People's words re-enter a run that was over, are answered, and the run ends again."""

import re
from datetime import timedelta

import pytest

from agents.domain import dispatch, reasons, rounds
from agents.domain.casework import open_case
from agents.domain.drain import drain
from agents.domain.verdicts import twins_of
from investigations.domain import hypotheses, runs
from investigations.domain.hypotheses import Assessment
from investigations.domain.report_facts import read_facts
from investigations.domain.report_learning import wrong
from investigations.enums import HypothesisState, SteeringKind, SteeringState
from investigations.errors import BoardError
from investigations.presenters.stream import agents_of, chosen_lines
from investigations.queries.board import list_events
from investigations.queries.handoffs import prefill_note
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worked(lab_incident):
    investigation = lab_incident("bad_release_latency").investigation
    return investigation, person("mira", "responder")


def go_on(investigation) -> None:
    dispatch.wake(investigation.pk)
    while dispatch.work(investigation_id=investigation.pk):
        pass
    investigation.refresh_from_db()
    assert investigation.is_over


def test_a_challenge_is_answered_once(worked) -> None:
    investigation, mira = worked
    items = investigation.work_items.count()
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="really?",
                         kind=SteeringKind.CHALLENGE, subject="E1")  # fmt: skip
    go_on(investigation)
    message.refresh_from_db()
    assert message.state in {SteeringState.ACTED, SteeringState.DECLINED}
    assert message.reply
    assert investigation.work_items.count() - items <= 8


def test_a_challenge_is_answered_by_a_query_that_was_made_for_it(lab_incident, client) -> None:
    investigation = lab_incident("pool_exhaustion").investigation
    mira = person("mira", "responder")
    card = investigation.evidence.filter(
        feature="pool_saturation", challenges=None, sample__finding__presence="present"
    ).order_by("number")[0]  # fmt: skip
    before = investigation.evidence.count()
    earlier = set(card.challenged_by.values_list("pk", flat=True))
    assert earlier, "the agents have challenged it by themselves"
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="really?",
                         kind=SteeringKind.CHALLENGE, subject=f"E{card.number}")  # fmt: skip
    client.force_login(mira)
    path = f"/i/{investigation.incident_id}/e/{card.number}/"
    asked = "Challenged by mira: another specialist is asked to re-check it."
    assert asked in client.get(path).content.decode(), "what was there is no answer"
    go_on(investigation)
    message.refresh_from_db()
    (answer,) = card.challenged_by.exclude(pk__in=earlier)
    assert answer.number > before
    assert answer.posted_at > message.posted_at
    assert answer.author != card.author
    assert (answer.feature, answer.resource) == (card.feature, card.resource), "the same claim"
    assert answer.claim.startswith("Read again at "), "by another query: at another step"
    asked_by = answer.sample["finding"]["further_queries"][-1]
    step = float(asked_by.rpartition("step=")[2].removesuffix("s"))
    assert step > card.investigation.scope["step_seconds"]
    assert message.state == SteeringState.ACTED
    who = answer.author.removeprefix("agent/")
    assert message.reply == f"Re-checked by {who}, E{answer.number}: {answer.claim}"
    assert f"Challenged by mira: survived (E{answer.number})." in client.get(path).content.decode()
    # And each time anew, for whoever asks; one answer serves all who ask at once.
    again = [
        runs.steer(investigation_id=investigation.pk, user=user, text="and now?",
                   kind=SteeringKind.CHALLENGE, subject=f"E{card.number}")
        for user in (mira, person("rosa", "responder"))
    ]  # fmt: skip
    go_on(investigation)
    newest = card.challenged_by.exclude(pk__in=earlier).exclude(pk=answer.pk).get()
    for each in again:
        each.refresh_from_db()
        assert f"E{newest.number}:" in each.reply


def test_what_nobody_can_ask_otherwise_is_said_to_be_unconfirmed(lab_incident, client) -> None:
    investigation = lab_incident("pool_exhaustion").investigation
    mira = person("mira", "responder")
    card = investigation.evidence.filter(feature="config_before_onset").order_by("number")[0]
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="really?",
                         kind=SteeringKind.CHALLENGE, subject=f"E{card.number}")  # fmt: skip
    go_on(investigation)
    message.refresh_from_db()
    assert (message.state, message.reply) == (
        SteeringState.DECLINED,
        f"Nobody can re-check E{card.number} by another query. It stands as it was found, "
        "unconfirmed.",
    )
    client.force_login(mira)
    page = client.get(f"/i/{investigation.incident_id}/e/{card.number}/").content.decode()
    assert f"Challenged by mira: declined. {message.reply}" in page


@pytest.mark.capability(37)
def test_a_hypothesis_is_tested_to_a_verdict(worked) -> None:
    investigation, mira = worked
    row = hypotheses.propose_hypothesis(investigation_id=investigation.pk, claim="packet loss to payments",
                                        author="person/mira", posted_by=mira)  # fmt: skip
    go_on(investigation)
    row.refresh_from_db()
    assert (row.fault_class, row.resource) == ("packet_loss", "service/payments")
    assert row.verdict in {"refuted", "inconclusive"}
    assert row.stances.exists()


def test_a_hypothesis_is_weighed_by_its_own_words(lab_incident, client) -> None:
    investigation = lab_incident("pool_exhaustion").investigation
    mira = person("mira", "responder")
    leader = investigation.hypotheses.get(state="leading")
    place = leader.resource.rpartition("/")[2]
    rows = {
        words: hypotheses.propose_hypothesis(investigation_id=investigation.pk, claim=words,
                                             author="person/mira", posted_by=mira)
        for words in (
            "The orders database is slow: slow queries hold the connections",
            "A DNS failure between checkout and orders", f"It is not the connection pool of {place}",
            f"The pool of {place} is exhausted",
        )
    }  # fmt: skip
    go_on(investigation)
    for row in rows.values():
        row.refresh_from_db()
    slow, dns, denial, same = rows.values()
    assert (slow.fault_class, slow.resource) == ("slow_query", "database/orders-db")
    assert slow.posterior < 0.2
    assert slow.refutes_count, "the board says that no query takes longer"
    assert (dns.fault_class, dns.posterior) == ("dns", None), "nothing found is no number"
    assert "looked for, with nothing found for it or against it" in dns.note
    assert (denial.fault_class, denial.posterior) == ("", None)
    assert f"rule H{leader.number} out instead" in denial.note
    assert same.note == f"The same cause as H{leader.number}; tested there."
    client.force_login(mira)
    room = client.get(f"/i/{investigation.incident_id}/").content.decode()
    assert "It only says what it is not" in room
    assert room.count("Not tested") >= 2
    told = client.get(f"/i/{investigation.incident_id}/h/{same.number}/").content.decode()
    leader.refresh_from_db()
    counts = f"{leader.supports_count} for · {leader.refutes_count} against."
    assert re.search(
        rf'Tested as <a href="[^"]+/h/{leader.number}/">H{leader.number}</a>.*{counts}', told
    )
    assert "No test bears on it" not in told
    assert "0 for · 0 against" not in told
    # What the evidence ruled out goes on with its cause; what a person ruled out does not.
    stands = Assessment(leader.pk, HypothesisState.OPEN, leader.verdict, None, 0.5)
    for why, found in (("E1: slow", [same.pk]), ("person/mira: no", [])):
        rows_of = investigation.hypotheses.filter(pk=same.pk)
        rows_of.update(state=HypothesisState.RULED_OUT, ruled_out_by=why)
        went_on = twins_of(investigation, {leader.number: stands})
        assert [a.hypothesis_id for a in went_on] == found
    handoff = prefill_note(investigation, now=investigation.window_end)
    assert f"H{dns.number} {dns.claim} (by mira): Not tested." in handoff.leading


@pytest.mark.capability(38)
def test_a_ruled_out_leader_leads_no_longer_until_that_is_taken_back(worked, client) -> None:
    """Meanwhile whoever reads the room is told that it is out on a person's word alone."""
    investigation, mira = worked
    room = f"/i/{investigation.incident_id}/"
    leader = investigation.hypotheses.get(state="leading")
    twin = hypotheses.propose_hypothesis(
        investigation_id=investigation.pk, claim=f"{leader.claim}, I think",
        author="person/mira", posted_by=mira,
    )  # fmt: skip
    go_on(investigation)
    hypotheses.rule_out_hypothesis(hypothesis_id=leader.pk, reason="not that", user=mira)
    sequence = investigation.events.count()
    hypotheses.rule_out_hypothesis(hypothesis_id=leader.pk, reason="again", user=mira)
    with pytest.raises(
        BoardError, match=f"H{leader.number} is out already, on mira's word: not that"
    ):
        hypotheses.rule_out_hypothesis(
            hypothesis_id=leader.pk, reason="nor that", user=person("noa", "responder")
        )
    assert investigation.events.count() == sequence, "nothing is written twice, or over"
    go_on(investigation)
    for row in (leader, twin):
        row.refresh_from_db()
    assert (twin.posterior, twin.note[:18]) == (None, "The same cause as "), "it falls with it"
    facts = read_facts(investigation.incident_id, list_events(investigation.pk, after=0))
    assert any(
        f"H{leader.number} led at" in line and f"while H{leader.number} was out" not in line
        for line in wrong(facts)
    )
    newest = investigation.diagnoses.order_by("-number")[0]
    assert leader.state == "ruled_out"
    assert newest.hypothesis_id != leader.pk
    client.force_login(person("vic", "viewer"))
    told = f"by the evidence, is out on mira&#x27;s word alone: {leader.claim}. “not that”"
    page = client.get(room).content.decode()
    assert told in page
    assert "Take it back" not in page
    takes_back = f"{room}h/{leader.number}/readmit/"
    assert client.post(takes_back).status_code == 403
    client.force_login(person("rosa", "responder"))
    for path in (room, f"{room}h/{leader.number}/"):
        assert takes_back in client.get(path).content.decode()
    assert client.post(takes_back).status_code == 302
    said = investigation.events.order_by("sequence").last().payload["sentence"]
    assert said == f"H{leader.number} can be true again: rosa takes back that mira ruled it out"
    assert client.post(takes_back).status_code == 422, "there is nothing to take back any more"
    go_on(investigation)
    for row in (leader, twin):
        row.refresh_from_db()
    assert (leader.state, leader.ruled_out_by) == ("leading", "")
    assert twin.posterior == leader.posterior
    facts = read_facts(investigation.incident_id, list_events(investigation.pk, after=0))
    said = f", while H{leader.number} was out on mira's word"
    assert sum(said in line for line in wrong(facts)), "the agents had no other choice"
    assert told not in client.get(room).content.decode()


def test_steering_is_answered(worked) -> None:
    investigation, mira = worked
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="look at payments",
                         agent="network")  # fmt: skip
    go_on(investigation)
    message.refresh_from_db()
    assert message.state == SteeringState.ACTED


def test_a_paused_run_claims_nothing_until_resumed(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    mira = person("mira", "responder")
    rounds.open_investigation(investigation.pk)
    runs.pause_investigation(investigation_id=investigation.pk, user=mira)
    assert not dispatch.work(investigation_id=investigation.pk)
    runs.resume_investigation(investigation_id=investigation.pk, user=mira)
    assert drain(investigation.pk, timeout_seconds=60)


def test_a_paused_agent_is_left_out_by_name_and_makes_up_for_it(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    mira = person("mira", "responder")
    runs.pause_agent(investigation_id=investigation.pk, user=mira, agent="network")
    assert drain(investigation.pk, timeout_seconds=60)
    items = investigation.work_items.filter(agent="network")
    assert {i.result["skipped"] for i in items} == {"paused"}
    assert not investigation.evidence.filter(author="agent/network", challenges=None).exists()
    message = runs.steer(investigation_id=investigation.pk, user=mira, text="look", agent="network")
    go_on(investigation)
    message.refresh_from_db()
    assert (message.state, message.reply) == (
        SteeringState.DECLINED, "Network is paused by mira. /resume @network first.",
    )  # fmt: skip
    runs.resume_agent(investigation_id=investigation.pk, user=mira, agent="network")
    go_on(investigation)
    assert investigation.evidence.filter(author="agent/network").exists()


def test_a_focus_looks_in_its_window_and_names_what_it_does_not_know(worked) -> None:
    investigation, mira = worked
    unknown = runs.steer(investigation_id=investigation.pk, user=mira, text="paymnets",
                         kind=SteeringKind.FOCUS)  # fmt: skip
    go_on(investigation)
    unknown.refresh_from_db()
    assert unknown.state == SteeringState.DECLINED
    assert "payments" in unknown.reply
    end = investigation.window_end.replace(second=0, microsecond=0)
    subject = f"{end - timedelta(minutes=5):%Y%m%dT%H%M}/{end:%Y%m%dT%H%M}"
    focused = runs.steer(investigation_id=investigation.pk, user=mira, text="payments",
                         kind=SteeringKind.FOCUS, subject=subject)  # fmt: skip
    go_on(investigation)
    focused.refresh_from_db()
    assert focused.state == SteeringState.ACTED
    item = investigation.work_items.filter(subject=f"S{focused.number}", agent="resource").get()
    work = reasons.look_where_asked(item, open_case(investigation))
    assert (work.case.window.end, work.case.window.start) == (end, end - timedelta(minutes=5))
    assert work.case.baseline.end <= work.case.window.start


@pytest.mark.capability(46)
def test_each_query_is_told_with_its_reason(worked) -> None:
    investigation, _ = worked
    lines = chosen_lines(list_events(investigation.pk, after=0), kind="Query")
    assert {line.agent for line in lines} >= {"network", "deployment", "database", "resource"}
    assert all(line.why for line in lines)
    told = sum(line.agent == "network" for line in lines)
    asked = sum(i.queries for i in investigation.work_items.filter(agent="network"))
    assert told == asked
    dock = agents_of(investigation, [e.data for e in investigation.entries.filter(kind="agent")],
                     sequence=investigation.last_sequence)  # fmt: skip
    assert {a.state for a in dock if a.agent != "model"} == {"done"}


def test_what_a_person_blames_is_looked_at_though_it_was_out_of_scope(lab_incident) -> None:
    investigation = lab_incident("pool_exhaustion").investigation
    scope = investigation.scope
    away = sorted(
        r for r in {*scope["resources"]} - {*scope["affected"]} if r.startswith("service/")
    )
    assert away, "somebody lies outside"
    name = away[0].rpartition("/")[2]
    row = hypotheses.propose_hypothesis(investigation_id=investigation.pk, author="person/mira",
                                        claim=f"A release of {name} is at fault",
                                        posted_by=person("mira", "responder"))  # fmt: skip
    go_on(investigation)
    row.refresh_from_db()
    assert row.resource == away[0]
    assert row.stances.filter(evidence__resource=away[0]).exists()
    assert row.posterior is not None
