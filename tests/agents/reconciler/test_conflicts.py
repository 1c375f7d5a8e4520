"""Two agents that name different causes end in one story, or in saying that there is none yet."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.case import Symptom
from agents.enums import AgentName, Presence
from agents.findings import Cause, Finding
from agents.reconciler.decide import decide
from agents.reconciler.scoring import score
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.results import Provenance
from telemetry.types import TelemetryKind, TimeWindow, TopologyEdge, TopologyGraph, service

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=5), NOW + timedelta(minutes=5))
FRONT, CART = service("front"), service("cart")
METRIC, TRACE, LOG = TelemetryKind.METRIC, TelemetryKind.TRACE, TelemetryKind.LOG
CHANGE = TelemetryKind.CHANGE


def found(
    agent: AgentName, feature: str, kind: TelemetryKind, claim: str, *, at=CART, **more
) -> Finding:
    where = Provenance(kind.value, kind, feature, WINDOW, NOW)
    return Finding(agent, feature, at, more.pop("presence", Presence.PRESENT), kind, claim, where,
                   onset_at=NOW - timedelta(minutes=1), **more)  # fmt: skip


LOSS = (
    found(
        AgentName.NETWORK,
        "packet_loss",
        METRIC,
        "4% of the packets to cart are lost.",
        at=FRONT,
        peer=CART,
    ),
    found(AgentName.NETWORK, "reset_logs", LOG, "front has logged 40 resets.", at=FRONT),
    found(
        AgentName.NETWORK,
        "edge_latency_rise",
        TRACE,
        "Calls to cart take longer.",
        at=FRONT,
        peer=CART,
    ),
)
RELEASE = (
    found(AgentName.DEPLOYMENT, "deploy_before_onset", CHANGE, "cart was released 1 min before.",
          change_id="c1"),
    found(AgentName.DEPLOYMENT, "new_error_template", LOG, "cart logs a new error."),
    found(AgentName.NETWORK, "error_rise", METRIC, "cart fails 9% of its requests."),
)  # fmt: skip
SLOW = found(AgentName.NETWORK, "latency_rise", METRIC, "front is 3x slower.", at=FRONT)


def case():
    graph = TopologyGraph((FRONT, CART), (TopologyEdge(FRONT, CART),))
    sources = guarded(open_memory_sources(MemoryData(name="memory", graph=graph)))
    baseline = TimeWindow(WINDOW.start - timedelta(hours=1), WINDOW.start)
    return build_case(sources, (Symptom(FRONT, NOW, "front is slow"),), WINDOW, baseline)


def judged(findings: tuple[Finding, ...], **survived: bool):
    causes = (Cause(CART, "packet_loss"), Cause(CART, "bad_release", "c1"))
    rows = [score(cause, findings, case()) for cause in causes]
    fates = {i: survived.get(f.agent.value, True) for i, f in enumerate(findings)}
    return decide(rows, findings, case(), challenged=fates), rows


def rule(outcome, words: str):
    return next(r for r in outcome.rules if words in r.name)


@pytest.mark.capability(19)
def test_network_against_deployment_is_one_story_or_unresolved() -> None:
    story, _ = judged((*LOSS, SLOW))
    assert (story.verdict, story.leader.cause.fault_class) == ("likely_cause", "packet_loss")
    assert [link.resource for link in story.causal_chain] == ["service/cart", "service/front"]
    other, _ = judged((*RELEASE, SLOW))
    assert (other.verdict, other.leader.cause.fault_class) == ("likely_cause", "bad_release")
    both, _ = judged((*LOSS, *RELEASE, SLOW))
    assert both.verdict == "inconclusive"
    assert both.confidence is None
    assert any(s.startswith("Not met: At least 20 points ahead") for s in both.next_steps)
    first, second = both.ranked[:2]
    rival = f"“{second.scored.claim}”"
    assert f"tells the lead from the next candidate: {rival}." in both.would_change
    # Who it is and by how much is said wherever it keeps the lead from a verdict, by one number each.
    odds = first.raw / (first.raw + second.raw)
    top, next_to_it = both.shown(first), both.shown(second)
    assert (both.rival, top) == (second, pytest.approx(min(first.posterior, odds)))
    assert top + next_to_it <= 1.0
    assert next_to_it / top <= second.raw / first.raw + 1e-9
    assert rule(both, "20 points ahead").detail == (
        f"{first.raw:.0%} against {second.raw:.0%} for {rival}, by the weights alone"
    )
    assert f"({top:.0%}); its rival {rival} has {next_to_it:.0%}." in both.summary
    assert f"by its odds against its rival {odds:.0%} at most" in rule(both, "Probability").detail
    assert any(s.startswith(f"Rule out the lead, or {rival}") for s in both.next_steps)
    assert (story.rival, story.shown(story.leader)) == (None, story.leader.posterior)


@pytest.mark.capability(22)
def test_one_kind_of_telemetry_is_no_conclusion() -> None:
    alone, _ = judged((LOSS[0],))
    assert not rule(alone, "Two independent kinds").passed
    assert alone.verdict == "inconclusive"
    assert any("Two independent kinds of telemetry (metric)" in s for s in alone.next_steps)
    assert "A second kind of telemetry that shows the lead; so far: metric." in alone.would_change


@pytest.mark.capability(22)
def test_logs_against_metrics_stop_the_agents() -> None:
    says_full = (
        found(AgentName.RESOURCE, "disk_logs", LOG, "cart logs: no space left."),
        found(AgentName.DEPLOYMENT, "config_before_onset", CHANGE, "cart's log level was changed."),
        found(AgentName.NETWORK, "error_rise", METRIC, "cart fails 9% of its requests."),
    )
    half_full = found(AgentName.RESOURCE, "disk_near_full", METRIC, "The disks of cart are half full.",
                      presence=Presence.ABSENT)  # fmt: skip
    rows = [score(Cause(CART, "disk_exhaustion"), (*says_full, half_full), case())]
    outcome = decide(rows, (*says_full, half_full), case(), challenged={0: True})
    assert outcome.verdict == "inconclusive"
    assert not rule(outcome, "Nothing strong stands against it").passed
    assert [(agent, text) for agent, text, _ in outcome.dissent] == [
        ("resource", "The disks of cart are half full.")
    ]
