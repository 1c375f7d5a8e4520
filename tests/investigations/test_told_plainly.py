"""What pages say in words: the next step, units, what hurt, and whose mistake it was."""

import re
from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string

from investigations.domain.board import write_entry
from investigations.domain.journal import writing
from investigations.domain.report_draft import failed_requests, mitigation
from investigations.domain.report_facts import Facts, Moment
from investigations.domain.report_learning import wrong
from investigations.enums import EntryKind
from investigations.models import Diagnosis, Hypothesis, Incident, Investigation
from investigations.offers import proposable
from investigations.presenters import lanes
from investigations.presenters.axis import Axis
from investigations.presenters.next_step import next_of
from tests.factories.board import NOON, open_board
from tests.factories.people import person

MINUTE = 60.0
AXIS = Axis(NOON, datetime.fromtimestamp(NOON.timestamp() + 600, UTC), NOON, None)


@pytest.mark.unit
def test_what_may_be_proposed_is_a_button_that_sends_the_command_it_names() -> None:
    kind, other = list(proposable())[:2]
    treatments = [{"action": slug, "resource": "service/cart"} for slug in (kind, other, "unknown")]
    found = Diagnosis(verdict="likely_cause", hypothesis=Hypothesis(number=1, state="leading"),
                      treatments=treatments)  # fmt: skip
    run = Investigation(state="concluded", incident=Incident(pk=7, state="open"))
    tried = {"number": 1, "title": "t", "state": "failed", "kind": kind, "target": "service/cart",
             "decides_by": NOON.isoformat()}  # fmt: skip
    step = next_of(run, found, (tried,), now=NOON)
    # What was tried before comes last and says so; what nothing can do is not offered.
    assert [o.command for o in step.offered] == [
        f"/propose {other} service/cart", f"/propose {kind} service/cart",
    ]  # fmt: skip
    assert step.offered[1].text.endswith(" of cart again")
    verified = next_of(run, found, (tried | {"state": "verifying"},), now=NOON)
    assert (verified.offered, verified.decides_by) == ((), NOON)
    # What waits hides neither what is under way nor what came of the last.
    waiting = {"number": 3, "title": "w", "state": "proposed", "requested_by": "ray"}
    beside = next_of(run, found, (waiting, tried | {"number": 2, "state": "verifying"}), now=NOON)
    assert (beside.lead, [b.lead for b in beside.beside]) == ("A3", ["A2 verifying"])
    assert beside.beside[0].decides_by == NOON
    done = tried | {
        "state": "undone",
        "began_at": "1",
        "ended_at": "2",
        "result": "It did not help.",
    }
    after = next_of(run, found, (waiting, done | {"number": 2, "ended_at": "1"}, done), now=NOON)
    assert [(b.lead, b.text) for b in after.beside] == [("A1 undone", "t. It did not help.")]
    both = next_of(run, found, (tried | {"state": "running", "number": 2},
                                tried | {"state": "verifying"}), now=NOON)  # fmt: skip
    assert (both.lead, both.beside[0].lead) == ("A2 running", "A1 verifying")
    assert "no treatment of the likely cause" in after.text
    running = tried | {"state": "running", "number": 2}
    held = next_of(run, found, (waiting | {"blocked": "A2 is running."}, running), now=NOON)
    assert held.lead == "A2 running", "nobody can do anything about the other"
    assert [(b.lead, b.text) for b in held.beside] == [("A3 waits, blocked", "A2 is running.")]
    stopped = next_of(run, found, (waiting, done | {"state": "halted"}), now=NOON)
    assert [b.lead for b in stopped.beside] == ["A1 halted"], "it ran, and stands"
    assert "no likely cause is known yet" in next_of(run, None, (waiting,), now=NOON).text
    room = {"incident": run.incident, "answers": {"next": step}}
    html = render_to_string("investigations/_offered.html", {"room": room})
    assert f'name="text" value="/propose {other} service/cart"' in html
    assert html.count("<form ") == 2


@pytest.mark.unit
def test_the_table_of_a_lane_tells_units_in_each_cell() -> None:
    start = AXIS.start.timestamp()
    given = {"feature": "latency_rise", "resource": "cart", "baseline_low": 0.0, "baseline_high": 0.2,
             "value_text": "x", "usual_text": "x", "evidence": 1}  # fmt: skip
    for series, unit, value, told in (
        ("latency_p99_seconds", "seconds", 0.25, "250 ms"), ("error_ratio", "ratio", 0.5, "50%"),
        ("memory_bytes", "bytes", 2.5e8, "250 MB"), ("request_rate", "per_second", 40.0, "40/s"),
    ):  # fmt: skip
        made = given | {"series": series, "unit": unit, "points": [[start + MINUTE, value]]}
        assert [text for _, text in lanes.present(made, AXIS).rows] == [told]


def moment(sequence: int, **said: object) -> Moment:
    return Moment(sequence, NOON, "system", "it moved", said)


@pytest.mark.unit
def test_the_report_names_what_helped_last_as_the_fix_and_nothing_that_was_not_credited() -> None:
    facts = Facts(7)
    for at, number, state in (
        (7, 1, "succeeded"), (6, 2, "succeeded"), (8, 3, "inconclusive"),
    ):  # fmt: skip
        facts.actions[number] = [moment(at, state=state, title=f"Fix {number}")]
    assert mitigation(facts).startswith("Fix 1, verified")


@pytest.mark.unit
def test_the_report_tells_failed_requests_once_per_service_the_worst_first() -> None:
    facts = Facts(7)
    for number, place, share, checks in (
        (1, "service/cart", 0.2, None), (2, "service/front", 0.6, None), (3, "service/cart", 0.9, 1),
    ):  # fmt: skip
        facts.evidence[number] = moment(number, feature="error_rise", magnitude=share, resource=place,
                                        claim=f"{place} fails {share:.0%}", challenges=checks)  # fmt: skip
    assert failed_requests(facts) == [
        "service/front fails 60% [E2](/i/7/e/2/)", "service/cart fails 20% [E1](/i/7/e/1/)",
    ]  # fmt: skip


@pytest.mark.unit
def test_what_only_a_person_wanted_is_no_mistake_of_the_agents() -> None:
    facts = Facts(7)
    for number, asked, treats in ((1, "", 1), (2, "mira", None), (3, "mira", 1)):
        facts.actions[number].append(
            moment(number, title=f"act {number}", state="failed", requested_by=asked, treats=treats)
        )
    told = [line for line in wrong(facts) if line.startswith("A")]
    assert [line.partition(" ")[0] for line in told] == ["A1", "A3"]


@pytest.mark.integration
@pytest.mark.django_db
def test_an_event_of_several_sentences_has_its_number_once_in_the_log(client) -> None:
    board = open_board()
    calls = [
        {"query": q, "kind": "metric", "status": "ok", "rows": 1, "seconds": 0.1, "why": "to know"}
        for q in ("a", "b")
    ]
    with writing(board.pk) as written:
        write_entry(written, kind=EntryKind.AGENT, key="network", author="agent/network",
                    data={"agent": "network", "state": "querying", "calls": calls},
                    sentence="asks")  # fmt: skip
    client.force_login(person("vic", "viewer"))
    page = client.get(f"/i/{board.incident_id}/log/").content.decode()
    numbers = re.findall(r'<tr[^>]*><td class="whole">(\d*)</td>', page)
    shown = [n for n in numbers if n]
    assert len(numbers) > len(shown)
    assert len(shown) == len(set(shown))


@pytest.mark.integration
@pytest.mark.django_db
def test_a_long_log_is_read_from_its_end_and_links_lead_to_any_line(client) -> None:
    board = open_board()
    for number in range(70):
        with writing(board.pk) as written:
            write_entry(written, kind=EntryKind.LANE, key=f"l{number}", author="agent/network",
                        data={}, sentence=f"Lane: errors of no {number}")  # fmt: skip
    client.force_login(person("vic", "viewer"))
    log = f"/i/{board.incident_id}/log/"

    def lines(query: str) -> list[int]:
        page = client.get(f"{log}{query}").content.decode()
        return [int(n) for n in re.findall(r'<tr[^>]*><td class="whole">(\d+)</td>', page)]

    newest = lines("")
    board.refresh_from_db()
    assert newest == list(range(board.last_sequence, board.last_sequence - 60, -1))
    page = client.get(log).content.decode()
    assert "Drawn on the timeline: errors of no 69" in page
    earlier = re.search(r'href="(\?before=\d+)[^"]*">Earlier<', page)[1]
    rest = lines(earlier)
    assert rest[0] == newest[-1] - 1
    assert 1 <= len(rest) < 60
    assert "Earlier<" not in client.get(f"{log}{earlier}").content.decode()
    assert lines("?after=0") == sorted([*newest, *rest]), "where links of a report lead"
