"""What may be said from two series: traffic from outside, and that a symptom is over."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.enums import AgentName, Presence
from agents.scoping import build_case
from agents.specialists.metric_checks import check_metrics
from agents.specialists.reader import Reader
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import Semantic, Series, SeriesRef, TimeWindow, TopologyEdge, TopologyGraph
from tests.agents.tracing import CART, FRONT, NOW

pytestmark = pytest.mark.unit
WINDOW = TimeWindow(NOW - timedelta(minutes=2), NOW + timedelta(minutes=5))
BASELINE = TimeWindow(NOW - timedelta(minutes=20), WINDOW.start)
TIMES = np.arange(BASELINE.start.timestamp(), WINDOW.end.timestamp(), 10.0)


def series(resource, semantic, before, after, *, peer=None, until=None):
    """Return a level that changes at NOW, and back at ``until`` seconds after it."""
    since = TIMES - NOW.timestamp()
    out = (since >= 0) & (since < (until or 1e9))
    noise = np.tile([0.0, 0.01, -0.01], len(TIMES))[: len(TIMES)] * before
    return Series(SeriesRef(resource, semantic.value, semantic, peer), TIMES,
                  np.where(out, after, before + noise))  # fmt: skip


def found(feature, *known, semantic=None):
    graph = TopologyGraph((FRONT, CART), (TopologyEdge(FRONT, CART),))
    data = MemoryData(series=list(known), graph=graph)
    symptom = Symptom(FRONT, NOW, "front is degraded", semantic)
    case = build_case(guarded(open_memory_sources(data)), (symptom,), WINDOW, BASELINE)
    checked = check_metrics(Reader(case, AgentName.NETWORK))
    return {f.resource: f.presence for f in checked if f.feature == feature}


def test_traffic_of_an_inner_service_is_from_outside_only_where_its_callers_are_measured() -> None:
    own = series(CART, Semantic.REQUEST_RATE, 10, 30)
    entry = series(FRONT, Semantic.REQUEST_RATE, 10, 30)
    assert found("traffic_rise", own, entry) == {FRONT: Presence.PRESENT}
    edge = series(FRONT, Semantic.REQUEST_RATE, 10, 10, peer=CART)
    assert found("traffic_rise", own, entry, edge)[CART] is Presence.PRESENT


def test_an_alert_that_says_not_what_it_measures_is_over_only_if_something_was_seen() -> None:
    calm = series(FRONT, Semantic.LATENCY_P99_SECONDS, 0.1, 0.1)
    back = series(FRONT, Semantic.LATENCY_P99_SECONDS, 0.1, 2.0, until=120)
    assert found("recovered", calm) == {}
    assert found("recovered", back) == {FRONT: Presence.PRESENT}
    assert found("recovered", calm, semantic=Semantic.LATENCY_P99_SECONDS) == {
        FRONT: Presence.PRESENT
    }
