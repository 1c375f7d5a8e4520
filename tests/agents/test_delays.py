"""Whose answers are late of themselves, told from metrics alone."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.enums import AgentName
from agents.findings import Finding
from agents.scoping import build_case
from agents.specialists.delay_checks import check_delays
from agents.specialists.reader import Reader
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import (
    ResourceKind,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    service,
)
from tests.agents.clusters import NOW, Shop, examined

pytestmark = pytest.mark.unit
S = Semantic
STARTED = (NOW - timedelta(minutes=20)).timestamp()


def series(name: str, semantic: Semantic, before: float, after: float, peer: str = "") -> Series:
    times = np.arange(STARTED - 900, NOW.timestamp(), 10.0)
    other = service(peer) if peer else None
    ref = ResourceRef(ResourceKind.NODE, name) if name.startswith("node") else service(name)
    values = np.where(times < STARTED, before, after) * (1 + 0.01 * np.sin(times))
    return Series(SeriesRef(ref, semantic.value, semantic, other, "seconds"), times, values)


def slow(*rows: tuple[str, float, float]) -> list[Series]:
    return [
        one
        for name, before, after in rows
        for one in (
            series(name, S.LATENCY_P50_SECONDS, before, after),
            series(name, S.LATENCY_P99_SECONDS, before * 2, after * 2),
        )
    ]


def found(shop: Shop, feature: str) -> list[Finding]:
    _, findings = examined(shop)
    first = [f for f in findings if not f.claim.startswith("Asked of")]  # no challenge's answer
    return [f for f in first if f.feature == feature and f.presence == "present"]


def test_the_deepest_late_service_is_the_one_that_delays() -> None:
    shop = Shop()
    shop.series = slow(("web", 0.05, 2.1), ("orders", 0.01, 2.0), ("stock-db", 0.01, 0.01))
    assert {f.resource for f in found(shop, "own_delay")} == {service("orders")}
    outcome, _ = examined(shop)
    assert outcome.leader is not None
    assert outcome.leader.cause.fault_class == "pod_network_delay"


def test_a_busy_cpu_is_the_better_account_of_lateness() -> None:
    shop = Shop()
    shop.series = slow(("web", 0.05, 0.6), ("orders", 0.01, 0.5))
    shop.series += [
        series("orders", S.CPU_UTILISATION_RATIO, 0.1, 0.99),
        series("orders", S.CPU_THROTTLED_RATIO, 0.0, 0.8),
    ]
    outcome, _ = examined(shop)
    assert outcome.leader is not None
    assert outcome.leader.cause.resource == service("orders")
    assert outcome.leader.cause.fault_class in {"cpu_overload", "cpu_throttling"}


def test_nothing_is_inferred_where_round_trips_are_measured() -> None:
    shop = Shop()
    shop.series = slow(("orders", 0.01, 2.0))
    shop.series.append(series("web", S.NETWORK_RTT_SECONDS, 0.001, 0.001, peer="orders"))
    assert not found(shop, "own_delay")


def test_a_service_without_requests_is_not_late() -> None:
    shop = Shop()
    shop.series = slow(("orders", 0.0, 0.0), ("web", 0.05, 0.05))
    assert not found(shop, "own_delay")


def test_late_services_that_share_only_their_node_accuse_it() -> None:
    shop = Shop()
    shop.series = slow(("web", 0.05, 2.0), ("stock-db", 0.01, 1.5))
    (one,) = found(shop, "node_delay")
    assert one.resource == ResourceRef(ResourceKind.NODE, "node-a")


@pytest.mark.parametrize(("now", "is_seen"), [(9.0, True), (0.6, False)])
def test_a_node_that_repeats_many_packets_loses_them(now: float, is_seen: bool) -> None:
    shop = Shop()
    shop.series = [
        series("node-a", S.NETWORK_RETRANSMIT_RATE, 0.1, now),
        series("node-b", S.NETWORK_RETRANSMIT_RATE, 0.1, 0.2),
    ]
    seen = found(shop, "node_retransmits")
    assert bool(seen) is is_seen
    if is_seen:
        outcome, _ = examined(shop)
        assert outcome.leader is not None
        assert outcome.leader.cause.fault_class == "node_packet_loss"


def test_one_burst_of_repeated_packets_is_no_loss() -> None:
    shop = Shop()
    bursting = series("node-a", S.NETWORK_RETRANSMIT_RATE, 0.1, 0.1)
    bursting.values[-3:] = 900.0
    shop.series = [bursting, series("node-b", S.NETWORK_RETRANSMIT_RATE, 0.1, 0.1)]
    assert not found(shop, "node_retransmits")


def test_a_node_that_loses_packets_is_the_better_account_of_many_late_services() -> None:
    shop = Shop()
    shop.series = [
        *slow(("web", 0.05, 0.2), ("stock-db", 0.01, 0.2)),
        series("node-a", S.NETWORK_RETRANSMIT_RATE, 0.1, 12.0),
        series("node-b", S.NETWORK_RETRANSMIT_RATE, 0.1, 0.2),
    ]
    outcome, _ = examined(shop)
    assert outcome.leader is not None
    assert str(outcome.leader.cause.resource) == "node/node-a"
    assert outcome.leader.cause.fault_class == "node_packet_loss"


@pytest.mark.parametrize(("step", "is_seen"), [(60.0, True), (10.0, False)])
def test_one_minute_of_full_cpu_counts_and_ten_seconds_do_not(step: float, is_seen: bool) -> None:
    shop = Shop()
    times = np.arange(STARTED - 900, NOW.timestamp(), step)
    ref = SeriesRef(service("orders"), "cpu", S.CPU_UTILISATION_RATIO, None, "ratio")
    shop.series = [Series(ref, times, np.where(np.arange(len(times)) == len(times) - 2, 1.0, 0.1))]
    assert bool(found(shop, "cpu_saturation")) is is_seen


def strength_of(shop: Shop, name: str) -> float:
    return max((f.strength for f in found(shop, "own_delay") if f.resource.name == name), default=0)


def test_lateness_counts_by_how_far_it_goes_and_not_by_a_threshold_just_passed() -> None:
    told = []
    for now in (0.19, 0.21, 0.3, 0.5):
        shop = Shop()
        shop.series = slow(("orders", 0.1, now), ("web", 0.2, 0.2))
        told.append(strength_of(shop, "orders"))
    assert told[0] == 0
    assert 0 < told[1] < 0.6
    assert told == sorted(told)
    assert told[3] > 0.9


def test_lateness_that_begins_long_after_the_symptom_counts_less() -> None:
    window = TimeWindow(NOW - timedelta(minutes=20), NOW)
    baseline = TimeWindow(window.start - timedelta(minutes=15), window.start)
    data = MemoryData(series=slow(("orders", 0.01, 2.0)))
    told = []
    for minutes in (0, 2.5, 5):
        symptom = Symptom(service("orders"), window.start - timedelta(minutes=minutes), "late")
        case = build_case(guarded(open_memory_sources(data)), (symptom,), window, baseline)
        told += [f.strength for f in check_delays(Reader(case, AgentName.NETWORK))]
    assert told[0] > told[1] > told[2] > 0


def test_lateness_that_the_baseline_often_shows_is_no_news() -> None:
    shop = Shop()
    shop.series = slow(("orders", 0.01, 2.0))
    for one in shop.series:
        one.values[:90:8] = 5.0
    assert not found(shop, "own_delay")


def test_what_is_called_explains_by_degrees() -> None:
    told = []
    for behind in (0.01, 0.36, 0.5, 0.9):
        shop = Shop()
        shop.series = slow(("web", 0.1, 2.1), ("orders", 0.01, behind))
        told.append(strength_of(shop, "web"))
    assert told[0] > 0.9
    assert told[0] >= told[1] > told[2] > told[3] == 0
