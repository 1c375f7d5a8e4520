"""What may be said from two series: traffic from outside, and that a symptom is over."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.domain.lanes import lane_of
from agents.domain.posting import draft_of
from agents.enums import AgentName, Presence
from agents.scoping import build_case
from agents.specialists.metric_checks import check_metrics
from agents.specialists.reader import Reader
from investigations.presenters.axis import Axis
from investigations.presenters.lanes import present
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


def coarse(*levels):
    """Return an hour of samples of five minutes at 0.1 s, then these from NOW on."""
    past = 0.1 + np.tile([0.0, 0.001, -0.001], 4)
    times = NOW.timestamp() + 300.0 * np.arange(-len(past), len(levels))
    ref = SeriesRef(FRONT, "latency", Semantic.LATENCY_P99_SECONDS)
    return Series(ref, times, np.concatenate([past, levels]))


def found(feature, *known, **options):
    """Return where a feature is, or is not."""
    return {f.resource: f.presence for f in findings(feature, *known, **options)}


def findings(feature, *known, semantic=None, baseline=BASELINE, window=WINDOW,
             agent=AgentName.NETWORK):  # fmt: skip
    graph = TopologyGraph((FRONT, CART), (TopologyEdge(FRONT, CART),))
    data = MemoryData(series=list(known), graph=graph)
    symptom = Symptom(FRONT, NOW, "front is degraded", semantic)
    case = build_case(guarded(open_memory_sources(data)), (symptom,), window, baseline)
    return [f for f in check_metrics(Reader(case, agent)) if f.feature == feature]


def test_when_it_began_is_told_with_how_far_apart_the_samples_are() -> None:
    graph = TopologyGraph((FRONT,), ())
    data = MemoryData(series=[series(FRONT, Semantic.ERROR_RATIO, 0.001, 0.5)], graph=graph)
    case = build_case(guarded(open_memory_sources(data)), (Symptom(FRONT, NOW, "bad", None),),
                      WINDOW, BASELINE)  # fmt: skip
    claims = [f.claim for f in check_metrics(Reader(case, AgentName.NETWORK))
              if f.presence is Presence.PRESENT]  # fmt: skip
    assert any(f" at about {NOW:%H:%M:%SZ} ± 10 s" in c for c in claims), claims


def test_what_rises_from_zero_has_its_level_as_its_size() -> None:
    (rise,) = findings("latency_rise", series(FRONT, Semantic.LATENCY_P99_SECONDS, 0.0, 5.0))
    assert (rise.magnitude, rise.presence) == (5.0, Presence.PRESENT)
    assert "(from zero)" in rise.claim
    assert draft_of(rise).magnitude == 5.0


def test_traffic_of_an_inner_service_is_from_outside_only_where_its_callers_are_measured() -> None:
    own = series(CART, Semantic.REQUEST_RATE, 10, 30)
    entry = series(FRONT, Semantic.REQUEST_RATE, 10, 30)
    assert found("traffic_rise", own, entry) == {FRONT: Presence.PRESENT}
    edge = series(FRONT, Semantic.REQUEST_RATE, 10, 10, peer=CART)
    assert found("traffic_rise", own, entry, edge)[CART] is Presence.PRESENT


def test_a_share_shows_itself_and_both_series_that_it_is_made_of() -> None:
    used = series(FRONT, Semantic.DB_CONNECTIONS_IN_USE, 6, 6, peer=CART)
    size = series(FRONT, Semantic.DB_CONNECTIONS_MAX, 24, 6, peer=CART)
    (found,) = findings("pool_saturation", used, size, agent=AgentName.DATABASE)
    assert found.presence is Presence.PRESENT
    assert found.claim.startswith("front uses 100% of its connections to cart")
    shown = found.sample["values"]
    assert (round(shown[0], 2), shown[-1], found.sample["unit"]) == (0.25, 1.0, "ratio")
    parts = found.sample["parts"]
    assert {name: part["values"][-1] for name, part in parts.items()} == {
        "db_connections_in_use": 6.0, "db_connections_max": 6.0,
    }  # fmt: skip
    assert all(len(part["values"]) == len(shown) for part in parts.values())
    key, lane = lane_of(found, 4)
    assert key == f"db_connections_in_use of db_connections_max/{FRONT}/cart"
    drawn = present(lane, Axis(BASELINE.start, WINDOW.end, NOW, None))
    assert (drawn.label, drawn.value_text, drawn.is_calm) == ("pool in use", "100%", False)


def test_a_burst_of_requests_is_no_surge() -> None:
    lasting = series(FRONT, Semantic.REQUEST_RATE, 1, 4)
    burst = series(FRONT, Semantic.REQUEST_RATE, 1, 4, until=30)
    assert found("traffic_rise", lasting) == {FRONT: Presence.PRESENT}
    assert found("traffic_rise", burst) == {FRONT: Presence.ABSENT}


def test_what_callers_send_is_not_told_as_usual_traffic() -> None:
    entry = series(FRONT, Semantic.REQUEST_RATE, 10, 10)
    own = series(CART, Semantic.REQUEST_RATE, 93, 675)
    edge = series(FRONT, Semantic.REQUEST_RATE, 90, 670, peer=CART)
    told = {f.resource: f for f in findings("traffic_rise", own, entry, edge)}
    assert told[CART].presence is Presence.ABSENT
    assert told[CART].claim == (
        "Requests to cart rose from 93 to 675, most of it sent by its callers: from outside "
        "at most 5, usually 3."
    )
    assert told[FRONT].claim == "No surge of traffic to front: at most 10, usually 10."
    (burst,) = findings("traffic_rise", series(FRONT, Semantic.REQUEST_RATE, 1, 4, until=30))
    assert burst.claim.endswith("but not for long: no lasting surge.")


def test_an_alert_that_says_not_what_it_measures_is_over_only_if_something_was_seen() -> None:
    calm = series(FRONT, Semantic.LATENCY_P99_SECONDS, 0.1, 0.1)
    back = series(FRONT, Semantic.LATENCY_P99_SECONDS, 0.1, 2.0, until=120)
    assert found("recovered", calm) == {}
    assert found("recovered", back) == {FRONT: Presence.PRESENT}
    assert found("recovered", calm, semantic=Semantic.LATENCY_P99_SECONDS) == {
        FRONT: Presence.PRESENT
    }


HOUR = {"baseline": TimeWindow(NOW - timedelta(hours=1), NOW),
        "window": TimeWindow(NOW, NOW + timedelta(minutes=30)),
        "semantic": Semantic.LATENCY_P99_SECONDS}  # fmt: skip


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ((0.1, 0.9, 0.9, 0.1), {FRONT: Presence.ABSENT}),
        ((0.9, 0.9, 0.1, 0.1), {}),  # Two samples that are back may be chance.
        ((0.9, 0.9, 0.1, 0.1, 0.1), {FRONT: Presence.PRESENT}),
        ((0.1, 0.9, 0.9, 0.9), {FRONT: Presence.ABSENT}),
        ((0.1, 0.1), {}),
    ],
)
def test_of_few_samples_three_tell_an_end(levels, told) -> None:
    assert found("recovered", coarse(*levels), **HOUR) == told


@pytest.mark.parametrize("levels", [(0.9, 0.9), (0.1, 0.9, 0.9)])
def test_two_samples_that_stand_for_minutes_tell_a_rise(levels) -> None:
    assert found("latency_rise", coarse(*levels), **HOUR) == {FRONT: Presence.PRESENT}
    assert found("latency_rise", coarse(0.9), **HOUR) == {}
