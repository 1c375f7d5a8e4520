"""What led to the leading mechanism is told as part of it, never as ruled out by it."""

import re

import pytest

from agents.domain import rounds
from agents.domain.drain import drain
from investigations.domain import hypotheses
from investigations.domain.clock import database_now
from investigations.domain.report_draft import diagnosis, summary
from investigations.domain.report_facts import read_facts
from investigations.queries.board import list_events
from investigations.queries.handoffs import prefill_note
from telemetry.phrasing import duration
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_the_setting_that_emptied_the_pool_is_part_of_the_cause(lab_incident, client) -> None:
    investigation = lab_incident("pool_exhaustion").investigation
    leader = investigation.hypotheses.get(state="leading")
    assert leader.fault_class == "pool_exhaustion"
    setting = investigation.hypotheses.get(fault_class="config_change", resource=leader.resource)
    change = investigation.evidence.filter(feature="config_before_onset").order_by("number")[0]
    assert (setting.state, setting.verdict, setting.posterior) == (
        "open", "supported", leader.posterior,
    )  # fmt: skip
    assert (
        setting.note == f"Part of H{leader.number}: the change (E{change.number}) speaks for both."
    )
    assert setting.ruled_out_by == ""
    vague = investigation.hypotheses.filter(fault_class="own_fault", resource=leader.resource)
    assert {h.note for h in vague} <= {f"Part of H{leader.number}: it says what is wrong."}
    client.force_login(person("rosa", "responder"))
    page = client.get(f"/i/{investigation.incident_id}/").content.decode()
    assert f"· part of H{leader.number}</p>" in page
    told = f"setting change “Save database connections”, {duration(change.magnitude)} before the report"
    cause = re.search(r"<h2>Most likely cause</h2>.*?</div>", page, re.DOTALL)[0]
    cited = f'<a class="cite" href="/i/{investigation.incident_id}/e/{change.number}/">'
    # The citation leads: what is long is cut at three lines.
    assert (
        f"</strong> {cited}[E{change.number}]</a><strong>:</strong> <bdi>{leader.claim}</bdi>: <bdi>{told}</bdi>"
        in cause
    )
    facts = read_facts(investigation.incident_id, list_events(investigation.pk, after=0))
    lines = [line for line in diagnosis(facts) if setting.claim in line]
    assert len(lines) == 1
    assert f"part of H{leader.number}" in lines[0]
    anchor = f"[E{change.number}](/i/{investigation.incident_id}/e/{change.number}/)"
    assert f"{told} {anchor}" in summary(facts)[1]
    note = prefill_note(investigation, now=database_now()).leading.splitlines()
    assert note[0].startswith(f"H{leader.number} ")
    assert note[0].endswith(f"It blames this {told}. (E{change.number})")
    assert f"H{setting.number} {setting.claim}: part of H{leader.number}." in note[1:]


def test_what_keeps_the_lead_from_a_verdict_is_named_and_can_be_ruled_out(
    lab_incident, client
) -> None:
    # Who rules the guilty release out leaves two that are level.
    investigation = lab_incident("bad_release_errors").investigation
    rosa = person("rosa", "responder")

    def without(row):
        hypotheses.rule_out_hypothesis(hypothesis_id=row.pk, reason="a label only", user=rosa)
        rounds.wake(investigation.pk)
        assert drain(investigation.pk, timeout_seconds=60)
        return investigation.diagnoses.order_by("-number")[0]

    unsure = without(investigation.hypotheses.get(state="leading"))
    lead, rival = investigation.hypotheses.exclude(state="ruled_out").order_by("-posterior")[:2]
    assert (unsure.verdict, lead.fault_class) == ("inconclusive", "own_fault")
    assert lead.posterior + rival.posterior <= 1
    named = f"H{rival.number} “{rival.claim}”"
    client.force_login(rosa)
    page = client.get(f"/i/{investigation.incident_id}/").content.decode()
    told = re.search(
        rf"its rival: (\d+)% against (\d+)% for {re.escape(named)}, by the weights", page
    )
    assert told is not None
    assert 0 <= int(told[1]) - int(told[2]) <= 20
    shown = f"{lead.claim} ({lead.posterior:.0%}); its rival {named} has {rival.posterior:.0%}."
    assert shown in page
    assert f"the next candidate: {named}." in page
    # Nothing is folded between both, and no other number stands beside them.
    assert re.findall(r'id="hyp-(\d+)-t"', page)[:2] == [str(lead.number), str(rival.number)]
    assert f"its rival {named}" not in without(rival).summary
