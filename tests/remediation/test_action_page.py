"""The page of one action: it follows what was decided, and asks for nothing else."""

import json
import re
from hashlib import sha256

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from investigations.domain.clock import database_now
from investigations.models import BoardEvent, Diagnosis, Hypothesis
from remediation.domain import kill_switch
from remediation.domain.blocking import tell_blocks
from remediation.domain.digests import bytes_of_action
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.transitions import move
from remediation.enums import ActionState
from remediation.executors.registry import executor_for
from remediation.models import Action, Execution
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ASKS_AGAIN = 'hx-trigger="every 2s"'
HTMX = {"HX-Request": "true"}


@pytest.fixture
def planned(lab_incident) -> Action:
    return plan_action(lab_incident("bad_release_latency", is_worked=False))


@pytest.fixture
def client_of():
    def sign_in(name: str, *roles: str) -> Client:
        client = Client()
        client.force_login(person(name, *roles))
        return client

    return sign_in


def _page(action: Action) -> str:
    return f"/i/{action.investigation.incident_id}/a/{action.number}/"


def _read(client: Client, action: Action, *, is_part: bool = False) -> str:
    answer = client.get(_page(action), headers=HTMX if is_part else {})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_of_a_second_approver_changes_once_another_one_has_decided(
    planned, client_of
) -> None:
    second = client_of("mira", "approver")
    asks = re.search(r'hx-get="([^"]+)" hx-trigger="every 3s"', _read(second, planned))
    assert asks, "who may decide hears of another's decision"
    assert second.get(asks[1], headers=HTMX).status_code == 204, "what was read stays until then"
    approve(planned, "jo")
    told = second.get(asks[1], headers=HTMX).content.decode()
    assert "A1: Approved." in told
    assert 'value="approve"' not in told
    assert ASKS_AGAIN in told, "then it follows the action to its end"


def test_the_page_follows_an_action_from_its_approval_to_its_end(planned, client_of) -> None:
    client = client_of("jo", "approver")
    before = _read(client, planned)
    assert ASKS_AGAIN not in before
    assert ASKS_AGAIN in _read(client_of("vi", "viewer"), planned)
    fields = dict(
        re.findall(r'<input type="hidden" name="(page|digest|decision)" value="(.*?)"', before)
    )
    answer = client.post(
        f"{_page(planned)}approvals/", {**fields, "decision": "approve"}, headers=HTMX
    )
    assert ASKS_AGAIN in answer.content.decode()
    execute(planned.pk)
    part = _read(client, planned, is_part=True)
    assert part.lstrip().startswith("<article")
    assert (ASKS_AGAIN in part, "A1: Verifying." in part) == (True, True)
    planned.refresh_from_db()
    move(planned, ActionState.SUCCEEDED, actor="agent/remediation", result="It helped.")
    for is_part in (True, False):
        ended = _read(client, planned, is_part=is_part)
        assert ASKS_AGAIN not in ended
        assert "It helped." in ended
        assert f"Back to INC-{planned.investigation.incident_id}</a>" in ended


def test_in_the_room_a_card_asks_for_nothing_by_itself(planned, client_of) -> None:
    approve(planned)
    client = client_of("jo", "viewer")
    room = client.get(f"/i/{planned.investigation.incident_id}/actions/", headers=HTMX)
    assert b"every 2s" not in room.content
    assert ASKS_AGAIN in _read(client, planned, is_part=True)


def test_who_may_not_look_is_not_told_by_the_part_either(planned, client_of) -> None:
    nobody = client_of("nobody")
    assert nobody.get(_page(planned), headers=HTMX).status_code == 403
    assert Client().get(_page(planned), headers=HTMX).status_code in {302, 401, 403}


def test_before_any_fold_it_tells_the_cause_how_sure_it_is_and_what_budget_is_left(
    planned, client_of
) -> None:
    cause = Hypothesis.objects.create(
        investigation=planned.investigation, number=1, claim="the <release> is at fault", author="x"
    )
    diagnosis = Diagnosis.objects.create(
        investigation=planned.investigation, number=2, step_key="made/2", verdict="likely_cause",
        hypothesis=cause, confidence=0.72, sources_asked=6, sources_answered=5, summary="x",
        dissent=[{"agent": "network", "text": "x", "evidence": 20}],
    )  # fmt: skip
    budget = {"service": "service/cart", "objective": 99.9, "left": 0.12, "hours": 700}
    Action.objects.filter(pk=planned.pk).update(
        diagnosis=diagnosis, evidence=[5, 8], blast={**planned.blast, "budgets": [budget]}
    )
    page = _read(client_of("jo", "approver"), planned)
    start = page.index(f'id="action-{planned.number}"')
    told = re.sub(r"<[^>]+>", " ", page[start : page.index("<details", start)])
    assert "Treats: the &lt;release&gt; is at fault . Likely, 72%" in " ".join(told.split())
    assert "Why a test" in " ".join(told.split()), "what is assumed stands before any fold"
    assert "[E5] [E8] , against it [E20] . Coverage 5 of 6 sources; 1 did not answer." in " ".join(
        told.split()
    )
    assert "Error budget cart has 12% of its error budget left (99.9%" in " ".join(told.split())


BUTTON = re.compile(r"<button[^>]*btn-primary[^>]*>")


def _shown(client: Client, action: Action) -> dict[str, str]:
    """Return what the page, the room's panel, the room and the inbox say."""
    room = f"/i/{action.investigation.incident_id}/"
    return {
        "page": _read(client, action),
        "panel": client.get(f"{room}actions/", headers=HTMX).content.decode(),
        "room": client.get(room).content.decode(),
        "inbox": client.get("/inbox/").content.decode(),
    }


def test_what_the_stop_blocks_says_so_wherever_it_waits_and_works_again_after(
    planned, client_of
) -> None:
    client = client_of("jo", "approver")
    mira, lee = person("mira", "approver"), person("lee", "approver")
    kill_switch.engage(person=mira, reason="peak <b>traffic")
    tell_blocks(limit=50)
    why = "All actions are stopped by mira: peak &lt;b&gt;traffic"
    for place, text in _shown(client, planned).items():
        assert why in text, place
        if place in {"page", "panel"}:
            assert "disabled" in BUTTON.search(text)[0], place
            assert "/approvals/" in text  # A denial is possible at any time.
            assert 'name="decision" value="approve"' not in text
    assert "A1 waits, but nobody can approve it now:" in _shown(client, planned)["room"]
    assert ASKS_AGAIN in _read(client, planned)
    answer = client.post(
        f"{_page(planned)}approvals/",
        {"decision": "approve", "digest": planned.digest},
        headers=HTMX,
    )
    # At the button, and among the guardrails in the fold: not a third time above the card.
    assert (answer.status_code, answer.content.decode().count(why)) == (422, 2)
    assert b'role="alert"' in answer.content
    kill_switch.release(person=lee, reason="over")
    tell_blocks(limit=50)
    for place, text in _shown(client, planned).items():
        assert "stopped by mira" not in text, place
        if place in {"page", "panel"}:
            assert "disabled" not in BUTTON.search(text)[0], place
    assert "A1 waits for you:" in _shown(client, planned)["room"]


def test_a_cooldown_blocks_only_as_long_as_it_lasts(planned, client_of, settings) -> None:
    client = client_of("jo", "approver")
    other = Action.objects.get(pk=planned.pk)
    other.pk, other.number, other.state = None, 2, ActionState.SUCCEEDED
    other.payload = {**other.payload, "replicas": 99}
    other.save()
    Execution.objects.create(action=other, key="sre-before", started_at=database_now())
    tell_blocks(limit=50)
    assert "It ran on this target less than" in _read(client, planned)
    settings.COOLDOWN_SECONDS = 0
    tell_blocks(limit=50)
    assert "It ran on this target less than" not in _shown(client, planned)["room"]
    assert "disabled" not in BUTTON.search(_read(client, planned))[0]


def test_the_board_is_told_once_for_each_reason_and_judging_many_asks_no_board_again(
    planned,
) -> None:
    events = BoardEvent.objects.filter(investigation=planned.investigation)
    start = events.count()
    tell_blocks(limit=50)
    assert events.count() == start
    kill_switch.engage(person=person("mira", "approver"), reason="stop")
    tell_blocks(limit=50)
    tell_blocks(limit=50)
    assert events.count() == start + 1
    said = events.order_by("-sequence")[0].payload["sentence"]
    assert said.endswith("nobody can approve it now. All actions are stopped by mira: stop")


def test_the_inbox_asks_as_often_for_three_as_for_one(planned, client_of) -> None:
    client = client_of("jo", "approver")
    client.get("/inbox/")
    counts = []
    for number in (2, 3, 4):
        with CaptureQueriesContext(connection) as asked:
            client.get("/inbox/")
        counts.append(len(asked))
        copy = Action.objects.get(pk=planned.pk)
        copy.pk, copy.number = None, number
        copy.save()
    assert len(set(counts)) == 1


def test_a_digest_is_that_of_bytes_which_anybody_can_download(lab_incident, client_of) -> None:
    incident = lab_incident("memory_leak")
    action = plan_for(incident.investigation.diagnoses.get().pk)
    client, number = client_of("vi", "viewer"), incident.investigation.incident_id
    page = _read(client, action)
    assert f'href="{_page(action)}bytes/"' in page
    assert f"sha256 {action.digest}" in page
    assert "&quot;action&quot;:&quot;rollback&quot;" in page, "JSON, as it is sent"
    body = client.get(f"{_page(action)}bytes/").content
    assert sha256(body).hexdigest() == action.digest
    assert json.loads(body)["payload"] == action.payload
    rows = incident.investigation.evidence.exclude(result_digest="")
    for row in rows:
        answer = client.get(f"/i/{number}/e/{row.number}/bytes/")
        assert sha256(answer.content).hexdigest() == row.result_digest, row.claim
        assert answer.headers["Content-Disposition"].endswith(f'INC-{number}-E{row.number}.json"')
    shown = client.get(f"/i/{number}/e/{row.number}/").content.decode()
    assert f'href="/i/{number}/e/{row.number}/bytes/"' in shown
    assert len(rows) > 10
    counted = [r for r in rows if r.sample.get("semantic") == "restarts_total"]
    values = [v for r in counted for v in r.sample["values"]]
    assert values
    assert all(v == int(v) for v in values), "a count is whole"


def test_bytes_that_are_not_those_of_the_digest_are_not_given_as_such(planned, client_of) -> None:
    Action.objects.filter(pk=planned.pk).update(digest="0" * 64)
    assert client_of("vi", "viewer").get(f"{_page(planned)}bytes/").status_code == 404


def test_a_long_title_makes_a_short_button_and_what_decides_stands_in_the_fold(
    planned, client_of
) -> None:
    Action.objects.filter(pk=planned.pk).update(
        title="Revert retries.backoff_ms and retries.max of cart to 200 and 1", kind="revert_config",
        checks=["p99 back", "10 samples in a row", "one of these must be well: restarts of cart"],
    )  # fmt: skip
    page = client_of("mira", "approver").get(_page(planned)).content.decode()
    assert "Approve: revert config of cart" in page
    assert "<dd>p99 back; 10 samples in a row</dd>" in page
    assert "<p>One of these must be well: restarts of cart.</p>" in page


def test_what_runs_stands_beside_what_undoes_it_with_the_difference_of_both(
    lab_incident, client_of
) -> None:
    incident = lab_incident("bad_release_latency", is_worked=False)
    action = plan_action(incident)
    assert action.diff.splitlines() == ["-replicas: 3", "+replicas: 6"]
    assert action.undo_diff.splitlines() == ["-replicas: 6", "+replicas: 3"]
    page = _read(client_of("vi", "viewer"), action)
    for text in (action.command, action.undo_command, "&quot;replicas&quot;:3", "Undoes it"):
        assert text in page, text
    room = client_of("re", "responder").get(
        f"/i/{action.investigation.incident_id}/actions/", headers=HTMX
    )
    assert action.undo_command in room.content.decode()
    execute(approve(action).pk)
    # Once it has run, the target itself says of the undo what the plan said.
    undo = executor_for("lab").dry_run(action.undo_payload)
    assert undo.diff == action.undo_diff


@pytest.mark.parametrize("name", ["undo_command", "undo_diff"])
def test_an_approval_binds_the_undo_as_it_was_shown(planned, name) -> None:
    approve(planned)
    Action.objects.filter(pk=planned.pk).update(**{name: "rm -rf /"})
    execute(planned.pk)
    planned.refresh_from_db()
    assert planned.state == ActionState.STALE
    assert not Execution.objects.exists()


def test_plans_from_before_the_undo_was_told_keep_their_digest(planned) -> None:
    Action.objects.filter(pk=planned.pk).update(undo_command="", undo_diff="")
    planned.refresh_from_db()
    body = json.loads(bytes_of_action(planned))
    assert "undo_command" not in body
    assert "undo_diff" not in body


def test_what_is_checked_is_shown_by_name_also_of_plans_that_only_list_it(
    planned, client_of
) -> None:
    client = client_of("vi", "viewer")
    assert set(planned.checks) == {"range", "samples", "if_well_before"}
    shown = f"<dt>Checks</dt><dd>{planned.checks['range']}; {planned.checks['samples']}</dd>"
    page = _read(client, planned)
    assert shown in page
    assert "just before the change, finding them there after it proves nothing" in page
    Action.objects.filter(pk=planned.pk).update(checks=list(planned.checks.values()))
    listed = _read(client, planned)
    assert shown in listed
    assert "just before the change, finding them there after it proves nothing" in listed


def test_an_approver_reads_what_likelier_cause_a_person_took_out(planned, client_of) -> None:
    client, board = client_of("jo", "approver"), planned.investigation
    pages = (_page(planned), f"/i/{board.incident_id}/actions/")
    out = Hypothesis.objects.create(
        investigation=board, number=90, claim="the certificate ran out", posterior=0.99, author="agent/x",
        state="ruled_out", ruled_out_by="E4: It is valid.",
    )  # fmt: skip
    assert not any("word alone" in client.get(page).content.decode() for page in pages)
    Hypothesis.objects.filter(pk=out.pk).update(ruled_out_by="person/ray: I renewed it yesterday")
    told = (
        "H90, 99% by the evidence, is out on ray&#x27;s word alone: the certificate ran out. "
        "“I renewed it yesterday”"
    )
    assert all(told in client.get(page).content.decode() for page in pages)
    Hypothesis.objects.filter(pk=out.pk).update(posterior=0.3)
    assert not any("word alone" in client.get(page).content.decode() for page in pages)
