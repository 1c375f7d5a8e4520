"""The verdict rules on candidates that are given, not found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.case import Symptom
from agents.domain.ruling_out import killer_of, plain_reason
from agents.enums import AgentName, Presence
from agents.findings import Cause, Finding
from agents.reconciler.calibration import MOST_OF_UNSURE, CalibrationMap
from agents.reconciler.decide import decide
from agents.reconciler.scoring import UNREACHED_SYMPTOM, UNTOLD_SIDE, Scored, StanceScore, score
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.results import Provenance
from telemetry.types import (
    ResourceKind,
    ResourceRef,
    Semantic,
    TelemetryKind,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=5), NOW + timedelta(minutes=5))
FRONT, CART = service("front"), service("cart")
PG = ResourceRef(ResourceKind.DATABASE, "orders-pg")
ANOMALY = Finding(
    AgentName.RESOURCE, "series_anomaly", CART, Presence.PRESENT, TelemetryKind.METRIC,
    "p99 of cart left its usual range.", Provenance("memory", TelemetryKind.METRIC, "p99", WINDOW, NOW),
)  # fmt: skip
# Requests through it take longer: its weight for a fault of unknown kind is 0, it is a reading.
THROUGH = replace(ANOMALY, feature="own_time_rise", kind=TelemetryKind.TRACE)
CALLS = TopologyGraph((FRONT, CART), (TopologyEdge(FRONT, CART),))


def case_of(graph: TopologyGraph):
    """A case at front, with a topology or none."""
    baseline = TimeWindow(WINDOW.start - timedelta(hours=1), WINDOW.start)
    sources = guarded(open_memory_sources(MemoryData(name="memory", graph=graph)))
    return build_case(sources, (Symptom(FRONT, NOW, "front is slow"),), WINDOW, baseline)


def scored(resource, fault_class: str, total: float) -> Scored:
    """A candidate as if two kinds of telemetry had spoken for it."""
    cause = Cause(resource, fault_class)
    stances = (StanceScore(0, 9.0, "series anomaly (self): predicted"),)
    return Scored(cause, f"{fault_class} at {resource.name}", 0.0, total, stances,
                  kinds=frozenset({"metric", "trace"}))  # fmt: skip


def margin_is_met(*candidates: Scored) -> bool:
    outcome = decide(candidates, [ANOMALY], case_of(CALLS), challenged=None)
    return next(r.passed for r in outcome.rules if "ahead of the next" in r.name)


def test_a_mechanism_at_the_same_resource_does_not_contradict_that_it_is_at_fault() -> None:
    at_fault, overload = scored(CART, "slow_by_itself", 15.0), scored(CART, "cpu_overload", 14.5)
    assert margin_is_met(at_fault, overload)
    # Another resource does, and so does another mechanism where one is named.
    assert not margin_is_met(at_fault, scored(FRONT, "cpu_overload", 14.5))
    assert not margin_is_met(overload, scored(CART, "network_delay", 14.0))


def test_what_names_no_mechanism_is_never_sure_while_nobody_could_ask_what_changed() -> None:
    unread = replace(ANOMALY, feature="gap_changes", presence=Presence.UNKNOWN)
    sure = CalibrationMap("t", 300, (3.0, 1.0, 0.0))

    def claimed(fault_class: str, *more: Finding) -> float:
        alone = scored(CART, fault_class, 20.0)
        outcome = decide(
            [alone], [ANOMALY, *more], case_of(CALLS), challenged=None, calibration=sure
        )
        return outcome.ranked[0].posterior

    assert claimed("own_fault", unread) == MOST_OF_UNSURE < claimed("own_fault")
    assert claimed("cpu_overload", unread) == claimed("cpu_overload")


def test_no_verdict_while_something_else_is_likelier_by_the_weights() -> None:
    # A map that lifts every lead: such leads were right. It tells nothing of a cause nobody named.
    lifting = CalibrationMap("t", 300, (3.0, 1.0, 0.0))

    def decided(total: float):
        alone = scored(CART, "own_fault", total)
        return decide([alone], [ANOMALY], case_of(CALLS), challenged=None, calibration=lifting)

    weak, strong = decided(8.5), decided(9.5)
    assert weak.leader.posterior > 0.8
    assert weak.verdict == "inconclusive"
    assert [(r.name, r.detail) for r in weak.rules if not r.passed] == [
        ("Likelier than something else", "47% against 53% by the weights alone")
    ]
    assert "a cause that nobody has named" in weak.would_change
    assert strong.verdict == "likely_cause"
    # A rival takes from both alike: what counts is that nothing unnamed is likelier.
    beside = scored(FRONT, "packet_loss", 3.0)
    rivals = decide([scored(CART, "own_fault", 9.5), beside], [ANOMALY], case_of(CALLS),
                    challenged=None, calibration=lifting)  # fmt: skip
    assert rivals.verdict == "likely_cause"


def test_without_a_topology_a_fault_of_unknown_kind_is_less_likely() -> None:
    at_fault, overload = Cause(CART, "own_fault"), Cause(CART, "cpu_overload")
    known, unknown = case_of(CALLS), case_of(TopologyGraph((), ()))
    totals = [score(at_fault, [ANOMALY, THROUGH], case).total for case in (known, unknown)]
    assert totals[0] - totals[1] == pytest.approx(-UNTOLD_SIDE)
    named = [score(overload, [ANOMALY], case).total for case in (known, unknown)]
    assert named[0] == named[1]


def test_a_fault_of_unknown_kind_is_less_likely_where_no_call_of_it_was_looked_at() -> None:
    at_fault, pg_calls = Cause(CART, "own_fault"), TopologyEdge(CART, PG)
    leaf = case_of(CALLS)
    above = case_of(TopologyGraph((FRONT, CART, PG), (TopologyEdge(FRONT, CART), pg_calls)))
    well = replace(ANOMALY, feature="latency_rise", resource=PG, presence=Presence.ABSENT)
    unread = replace(well, presence=Presence.UNKNOWN)

    def total(case, *more: Finding) -> float:
        return score(at_fault, [ANOMALY, *more], case).total

    followed = total(leaf, THROUGH)
    assert total(leaf) == total(above) == total(above, unread) == followed + UNTOLD_SIDE
    assert total(above, well) == followed


def test_without_a_topology_more_traffic_is_no_surge_where_nothing_suffers() -> None:
    rise = replace(ANOMALY, agent=AgentName.NETWORK, feature="traffic_rise")
    busy = replace(rise, feature="cpu_saturation")
    surge, unknown = Cause(CART, "traffic_surge"), case_of(TopologyGraph((), ()))

    def total(case, *found: Finding) -> float:
        return score(surge, found, case).total

    assert total(unknown, rise) == total(case_of(CALLS), rise) + UNREACHED_SYMPTOM
    assert total(unknown, rise, busy) == total(case_of(CALLS), rise, busy)
    at_symptom = Cause(FRONT, "traffic_surge")
    of_front = replace(rise, resource=FRONT)
    assert score(at_symptom, [of_front], unknown).total == total(case_of(CALLS), rise)


def against(candidate: Scored, decibans: float) -> Scored:
    """The candidate with something that stands against it."""
    stance = StanceScore(0, decibans, "series anomaly (self): missing")
    return replace(candidate, stances=(stance,), total=decibans)


def test_a_cause_that_the_evidence_rules_out_is_no_lead() -> None:
    case = case_of(CALLS)
    out = against(scored(CART, "cpu_overload", 0.0), -30.0)
    found = decide([out], [ANOMALY], case, challenged=None)
    assert found.verdict == "inconclusive"
    assert found.summary == "No cause found. The evidence rules out each cause that was tested."
    lead = decide([scored(CART, "cpu_overload", 3.0)], [ANOMALY], case, challenged=None)
    assert lead.verdict == "inconclusive"
    assert lead.summary.startswith("No cause found. Strongest lead: cpu_overload at cart, ")


@pytest.mark.parametrize(
    ("rule", "term", "told"),
    [
        ("course departure (self): looked for, not there", "course_departure/absent",
         "p99 of cart. This cause predicts: requests take another course than usual"),
        ("pool saturation (self): speaks for another mechanism", "pool_saturation/refutes",
         "p99 of cart. This cause would not show: connection pool is full"),
        ("config before onset (self): speaks for another mechanism", "config_before_onset/refutes",
         "p99 of cart. That change is the likelier account"),
        ("error rise (callees): speaks for another mechanism", "error_rise/refutes",
         "p99 of cart. That speaks for a cause in what front calls"),
        ("latency rise (callers): predicted, but it began after the symptom", "latency_rise/late",
         "p99 of cart. That began after the symptom"),
        ("changes harmless (self): speaks for another mechanism", "changes_harmless/refutes",
         "p99 of cart"),
        ("a rule of tomorrow", "unknown/absent", "p99 of cart"),
    ],
)  # fmt: skip
def test_what_rules_a_cause_out_is_told_by_what_was_seen(rule: str, term: str, told: str) -> None:
    seen = replace(ANOMALY, claim="p99 of cart. And more.")
    stance = StanceScore(0, -12.0, rule, term)
    assert plain_reason(stance, seen, scored(FRONT, "own_fault", 0.0)) == told


def test_errors_are_ruled_out_by_what_tells_of_errors() -> None:
    slow, calls = (replace(ANOMALY, feature=f) for f in ("own_time_rise", "edge_error_rise"))
    case = case_of(CALLS)

    def killer(semantic: Semantic | None, *decibans: float) -> int | None:
        stances = tuple(StanceScore(i, d, "") for i, d in enumerate(decibans))
        seen = replace(case, symptoms=(replace(case.symptoms[0], semantic=semantic),))
        out = replace(scored(FRONT, "own_fault", 0.0), stances=stances)
        found = killer_of(out, [slow, calls], seen)
        return found and found.index

    assert killer(Semantic.ERROR_RATIO, -3.0, -2.0) == 1
    # The weightiest of slowness, of a symptom nobody knows, and where nothing else tells.
    for semantic in (Semantic.LATENCY_P99_SECONDS, None):
        assert killer(semantic, -3.0, -2.0) == 0
    assert killer(Semantic.ERROR_RATIO, -3.0, -1.0) == 0
    assert killer(Semantic.ERROR_RATIO, -2.5, -2.0) is None


@pytest.mark.parametrize(
    ("fault_class", "peer", "callee", "told"),
    [
        ("retry_storm", CART, CART, "front repeats failing calls until cart drowns"),
        ("retry_storm", None, CART, "front repeats failing calls until what it calls drowns"),
        ("database_port", None, PG, "front looks for orders-pg at a port that nobody serves"),
        ("database_port", None, CART, "front looks for its database at a port that nobody serves"),
    ],
)
def test_a_claim_names_the_other_end_where_the_board_knows_it(
    fault_class: str, peer: ResourceRef | None, callee: ResourceRef, told: str
) -> None:
    feature = {"retry_storm": "retry_amplification", "database_port": "database_port_wrong"}
    found = replace(ANOMALY, feature=feature[fault_class], resource=FRONT, peer=peer)
    case = case_of(TopologyGraph((FRONT, callee), (TopologyEdge(FRONT, callee),)))
    assert score(Cause(FRONT, fault_class), [found], case).claim == told
