"""Traces against fault-free ones: who is slow, to whom the way is slow, who leaves the course."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.case import Symptom
from agents.detectors.contrast import evidence_of_difference
from agents.detectors.courses import find_departures, kind_of_line
from agents.detectors.delays import find_delays
from agents.detectors.segments import cut_segments
from agents.engine import investigate
from agents.scoping import build_case
from agents.specialists.log_checks import tells_of_others
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import Span, TimeWindow, TopologyEdge, TopologyGraph
from tests.agents.tracing import CART, FRONT, NOW, STOCK, Times, shop

pytestmark = pytest.mark.unit
STEPS = {
    "f": [("info", "buying for user: 17")],
    "c": [("info", "opening the cart of user: 17"), ("info", "cart is complete, total: 3.50")],
    "s": [("info", "reserving stock for article: 5")],
}


def segments(made):
    return cut_segments(made.spans, made.lines)


def said(**changed):
    return lambda _: {**STEPS, **changed}


def slow(share: int, **times):
    """Every ``share``-th request takes these times, the others the usual."""
    return lambda number: Times(**times) if number % share == 0 else Times()


def test_a_request_is_cut_where_services_meet_and_time_is_split() -> None:
    found = {s.resource: s for s in segments(shop(lines=said(), count=1))}
    assert [c.resource for c in found[FRONT].children] == [CART]
    assert found[FRONT].own_seconds == pytest.approx(0.010, abs=1e-5)
    assert found[CART].own_seconds == pytest.approx(0.010, abs=1e-5)
    assert found[CART].calls[0].way_seconds == pytest.approx(0.002, abs=1e-5)
    assert [line.body[:4] for line in found[CART].lines] == ["open", "cart"]


def test_without_a_client_span_the_way_is_unknown_and_the_wait_is_not_its_own() -> None:
    spans = [Span("t", "a", "", FRONT, "GET /buy", NOW, 0.1),
             Span("t", "b", "a", CART, "/cart", NOW + timedelta(seconds=0.02), 0.07)]  # fmt: skip
    front = next(s for s in cut_segments(spans) if s.resource == FRONT)
    assert front.own_seconds == pytest.approx(0.03)
    assert front.calls[0].way_seconds is None


def test_a_line_without_a_span_goes_to_the_segment_that_was_open() -> None:
    made = shop(lines=said(), count=1)
    lines = [line.__class__(line.at, line.resource, line.severity, line.body, line.trace_id)
             for line in made.lines]  # fmt: skip
    found = {s.resource: s for s in cut_segments(made.spans, lines)}
    assert len(found[CART].lines) == 2
    assert len(found[STOCK].lines) == 1


def test_a_span_that_names_itself_or_a_lost_parent_is_cut_and_not_followed_for_ever() -> None:
    spans = [Span("t", "a", "a", FRONT, "x", NOW, 0.1), Span("t", "b", "gone", CART, "y", NOW, 0.1)]
    assert len(cut_segments(spans)) == 2


@pytest.mark.parametrize(("part", "resource"), [("front", FRONT), ("cart", CART), ("stock", STOCK)])
def test_who_takes_longer_is_told_from_who_waits(part, resource) -> None:
    own, ways = find_delays(segments(shop()), segments(shop(slow(2, **{part: 0.3}))))
    assert own[0].resource == resource
    assert own[0].added_seconds == pytest.approx(0.145, rel=0.1)
    assert [d for d in (*own[1:], *ways) if d.is_clear] == []


def test_a_slow_way_blames_neither_end_but_the_way_to_the_callee() -> None:
    own, ways = find_delays(segments(shop()), segments(shop(slow(2, way_to_stock=1.0))))
    assert [(d.resource, d.callers) for d in ways if d.is_clear] == [(STOCK, (CART,))]
    assert not any(d.is_clear for d in own)


def test_a_starved_service_owns_the_slow_ways_from_and_to_it() -> None:
    starved = slow(2, cart=0.3, way_to_stock=0.2, way_to_cart=0.2)
    own, ways = find_delays(segments(shop()), segments(shop(starved)))
    assert own[0].resource == CART
    assert own[0].added_seconds == pytest.approx(0.34, rel=0.1)
    assert not any(d.is_clear for d in ways)


def test_a_fluke_and_too_few_requests_say_nothing() -> None:
    usual = segments(shop())
    for now in (shop(slow(20, cart=0.3)), shop(slow(1, cart=0.3), count=2)):
        own, ways = find_delays(usual, segments(now))
        assert not any(d.is_clear for d in (*own, *ways))


def departures(lines, **now):
    return find_departures(
        segments(shop(lines=said())), segments(shop(lines=lines, **now)),
        is_foreign=tells_of_others,
    )  # fmt: skip


def test_a_step_left_out_is_told_of_the_service_that_leaves_it_out() -> None:
    found = departures(said(c=STEPS["c"][:1]))
    assert found[0].resource == CART
    assert found[0].is_missing
    assert found[0].goes_on


def test_the_order_of_steps_matters_too() -> None:
    assert departures(said(c=STEPS["c"][::-1]))[0].resource == CART


def test_a_new_error_is_told_where_it_begins_and_not_of_who_passes_it_on() -> None:
    found = departures(said(s=[("error", "article 5 is not known")],
                            c=[("error", "giving up on cart 17")],
                            f=[("error", "sorry, no sale")]))  # fmt: skip
    assert [d.resource for d in found] == [STOCK]


@pytest.mark.parametrize("line", [
    "call to stock failed", "java.lang.IllegalStateException: No instances available for stock",
    "dial tcp 10.0.0.7:80: connect: connection refused", "no healthy upstream found",
])  # fmt: skip
def test_an_error_about_somebody_else_blames_nobody_here(line) -> None:
    assert departures(said(c=[("error", line)], s=STEPS["s"])) == []


def test_another_value_in_the_same_statement_is_no_departure() -> None:
    usual = segments(shop(lines=said(s=[("info", "one trip is booked from Rome to Milan at 10")])))
    now = segments(shop(lines=said(s=[("info", "one trip is booked from Rome to Turin at 11")])))
    assert find_departures(usual, now, is_foreign=tells_of_others) == []


def test_news_that_are_no_errors_count_for_less_than_errors() -> None:
    news, error = (
        departures(said(s=[*STEPS["s"], (severity, "article is sold out")]))[0]
        for severity in ("info", "error")
    )
    assert news.resource == error.resource == STOCK
    assert news.score < error.score


def test_an_error_that_was_usual_and_stops_is_no_departure() -> None:
    usual = segments(shop(lines=said(s=[*STEPS["s"], ("error", "cache is cold again")])))
    found = find_departures(usual, segments(shop(lines=said())), is_foreign=tells_of_others)
    assert not any(d.mark.severity == "error" for d in found)


def test_kinds_of_lines_hold_no_values() -> None:
    line = "10:22:01.5 INFO o.Orders#17 TraceID: 0af1 SpanID: 77 [pay][Order 55 of user: bob]"
    assert kind_of_line(line) == "INFO o.Orders## [pay][Order # of user"


def test_evidence_grows_with_counts_and_is_none_without_a_side() -> None:
    assert evidence_of_difference(5, 10, 0, 10) > evidence_of_difference(1, 2, 0, 2) > 0
    assert evidence_of_difference(3, 10, 3, 10) == pytest.approx(0)
    assert evidence_of_difference(5, 10, 0, 0) == 0


def case_of(now, *, usual=None):
    """Return a case whose only telemetry is traces and their lines, with front degraded."""
    before = usual or shop(lines=said(), start=NOW - timedelta(minutes=5))
    graph = TopologyGraph((FRONT, CART, STOCK),
                          (TopologyEdge(FRONT, CART), TopologyEdge(CART, STOCK)))  # fmt: skip
    data = MemoryData(name="traces", spans=before.spans + now.spans, logs=before.lines + now.lines,
                      graph=graph)  # fmt: skip
    window = TimeWindow(NOW - timedelta(minutes=1), NOW + timedelta(minutes=2))
    baseline = TimeWindow(NOW - timedelta(minutes=10), window.start)
    symptom = Symptom(FRONT, NOW, "front is degraded")
    return build_case(guarded(open_memory_sources(data)), (symptom,), window, baseline)


@pytest.mark.parametrize(("now", "resource", "fault"), [
    (shop(slow(2, cart=0.4), said()), CART, "slow_by_itself"),
    (shop(slow(2, stock=0.4), said()), STOCK, "slow_by_itself"),
    (shop(slow(2, way_to_cart=2.0), said()), CART, "network_delay"),
    (shop(slow(2, way_to_stock=2.0), said()), STOCK, "network_delay"),
    (shop(lines=said(c=STEPS["c"][:1])), CART, "code_defect"),
    (shop(lines=said(s=[("error", "article is not known")], c=[("error", "giving up")])),
     STOCK, "code_defect"),
])  # fmt: skip
def test_the_whole_investigation_names_the_service_and_the_kind(now, resource, fault) -> None:
    leader = investigate(case_of(now)).leader
    assert leader is not None
    assert (leader.cause.resource, leader.cause.fault_class) == (resource, fault)


def test_trouble_that_is_noticed_late_is_not_usual() -> None:
    broken = said(c=STEPS["c"][:1])
    before = shop(lines=said(), start=NOW - timedelta(minutes=6))
    unnoticed = shop(lines=broken, count=8, start=NOW - timedelta(minutes=2))
    usual = replace(
        before, spans=before.spans + unnoticed.spans, lines=before.lines + unnoticed.lines
    )
    leader = investigate(case_of(shop(lines=broken), usual=usual)).leader
    assert leader is not None
    assert (leader.cause.resource, leader.cause.fault_class) == (CART, "code_defect")


def test_fault_free_traces_blame_nobody() -> None:
    outcome = investigate(case_of(shop(lines=said())))
    assert outcome.leader is None
    assert outcome.verdict == "inconclusive"


def test_lines_that_were_thinned_out_are_not_taken_for_missing(monkeypatch) -> None:
    monkeypatch.setattr("agents.specialists.reader.LINE_LIMIT", 30)
    assert investigate(case_of(shop(lines=said()))).leader is None
