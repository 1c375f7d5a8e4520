"""Background watchers: each opens a finding on planted data, and none on clean data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agents.domain.scanning import run_scans
from agents.models import SeenSettings
from investigations.domain.clock import database_now
from investigations.enums import IncidentOrigin
from investigations.models import BoardEntry, Diagnosis, Incident, ScanFinding
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.backends import override_sources
from telemetry.types import (
    ChangeEvent,
    ChangeKind,
    ClusterState,
    PodState,
    Semantic,
    Series,
    SeriesRef,
    WorkloadState,
    service,
)
from tests.agents.test_scans import LEAK, MIB, noise, receive
from tests.agents.test_scans import series as memory_series
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
CART = service("cart")
SECRET = "hunter22222"
OLD = datetime(2026, 1, 1, tzinfo=UTC)


def cluster(*, password: str = SECRET, image: str = "cart:1", **settings: str) -> ClusterState:
    workload = WorkloadState(
        CART, "Deployment", 2, 2, image="cart:1",
        settings=tuple({"DB_PASSWORD": password, "retries.max": "2", **settings}.items()),
    )  # fmt: skip
    pods = (PodState("cart-a", "cart", "prod", "n1", "Running", True, 0, image="cart:1", started_at=OLD),
            PodState("cart-b", "cart", "prod", "n1", "Running", True, 0, image=image, started_at=OLD))  # fmt: skip
    return ClusterState(pods=pods, workloads=(workload,))


def counted(semantic: Semantic, values) -> Series:
    at = database_now().timestamp() - 120.0 * np.arange(len(values))[::-1]
    return Series(SeriesRef(CART, semantic.value, semantic), at, np.asarray(values, dtype=float))


def look(state: ClusterState | None = None, *found: Series, changes: tuple[ChangeEvent, ...] = ()
         ) -> set[tuple[str, str]]:  # fmt: skip
    data = MemoryData(
        series=[memory_series(noise(400 * MIB), name="calm", end=database_now()), *found],
        cluster=state or cluster(), changes=list(changes),
    )  # fmt: skip
    with override_sources(open_memory_sources(data)):
        outcomes = run_scans(is_forced=True)
    assert all(o is not None and not o.error for o in outcomes.values()), outcomes
    return set(ScanFinding.objects.filter(state="open").values_list("scan", "key"))


def replicas(now: float) -> list[Series]:
    return [counted(Semantic.REPLICAS_READY, [2] * 60 + [now] * 120),
            counted(Semantic.REQUEST_RATE, [50.0] * 180)]  # fmt: skip


@pytest.mark.capability(91)
def test_each_watcher_finds_what_is_planted_and_nothing_where_all_is_well() -> None:
    assert look(None, *replicas(2)) == set(), "clean"
    now = database_now()
    for i in range(6):
        receive("CartSlow", now - timedelta(hours=20 - 3 * i))
    leak = memory_series(LEAK, name="cart", end=now)
    found = look(cluster(**{"retries.max": "9"}), leak, *replicas(6))
    assert {
        ("config_drift", "service/cart/retries.max"), ("cost", "service/cart"),
        ("memory_growth", "service/cart"), ("alert_hygiene", "flapping/service/payments/CartSlow"),
    } <= found  # fmt: skip
    row = ScanFinding.objects.get(scan="config_drift")
    assert row.facts == [["Was", "2"], ["Is", "9"]]
    assert ["Costs more", "96 replica hours a day"] in ScanFinding.objects.get(scan="cost").facts


def test_drift_is_told_until_a_feed_explains_it_or_it_is_taken_back() -> None:
    look(cluster())
    key = ("config_drift", "service/cart/retries.max")
    for _ in range(2):
        assert key in look(cluster(**{"retries.max": "9"})), "it stays until somebody acts"
    assert look(cluster()) == set(), "taken back"
    told = ChangeEvent("c1", database_now(), ChangeKind.CONFIG, CART, "retries.max 2 to 9")
    assert look(cluster(**{"retries.max": "9"}), changes=(told,)) == set(), "told by the feed"
    assert look(cluster(**{"retries.max": "9"})) == set()
    drifted = look(cluster(password="other-secret-1", **{"retries.max": "9"}))
    assert drifted == {("config_drift", "service/cart/DB_PASSWORD")}
    stored = str(list(SeenSettings.objects.values())) + str(list(ScanFinding.objects.values()))
    assert SECRET not in stored
    assert "other-secret-1" not in stored
    look(cluster(**{"retries.max": "9"}))
    assert ("config_drift", "service/cart/image") in look(
        cluster(image="cart:hand-made", **{"retries.max": "9"})
    )


def test_replicas_are_no_anomaly_where_the_load_asks_for_them_or_it_is_young() -> None:
    more = counted(Semantic.REQUEST_RATE, [50.0] * 60 + [140.0] * 120)
    assert look(None, replicas(6)[0], more) == set()
    young = counted(Semantic.REPLICAS_READY, [2] * 160 + [6] * 20)
    assert look(None, young, replicas(2)[1]) == set()
    assert look(None, replicas(6)[0]) == set(), "without a load nothing is said"


def ran(days_ago: float, *, kind: str = "rolling_restart", origin: str = "alert") -> None:
    board = open_board(f"cart is slow {days_ago}")
    Incident.objects.filter(pk=board.incident_id).update(origin=origin, state="resolved")
    entry = BoardEntry.objects.create(
        investigation=board, kind="action", key="A1",
        data={"kind": kind, "target": "service/cart", "state": "succeeded", "title": "Restart cart"},
    )  # fmt: skip
    BoardEntry.objects.filter(pk=entry.pk).update(
        updated_at=database_now() - timedelta(days=days_ago)
    )


@pytest.mark.capability(85)
def test_an_action_on_many_days_is_an_item_of_the_review(client) -> None:
    for days_ago in (1.0, 1.01, 2.0):
        ran(days_ago)
    for days_ago in (3.0, 4.0):
        ran(days_ago, origin=IncidentOrigin.PRACTICE)
    assert look() == set(), "two days, and practice"
    ran(5.0)
    ran(6.0, kind="scale")
    assert look() == {("recurrence", "action/rolling_restart/service/cart")}
    client.force_login(person("vi", "viewer"))
    page = client.get("/findings/").content.decode()
    assert "cart: rolling restart on 3 days of the last 7" in page.lower()


@pytest.mark.capability(93)
def test_a_cause_that_comes_back_is_advised_upon_and_nothing_is_done(client) -> None:
    def concluded(number: int, **more: object) -> None:
        board = open_board(f"orders waits {number}")
        Diagnosis.objects.create(
            investigation=board, number=1, step_key="x", verdict="likely_cause", summary="x",
            fault_class="pool_exhaustion", resource="service/orders",
            claim={"fault_class": "pool_exhaustion"}, reached_at=database_now(),
            **more,
        )  # fmt: skip

    for number in range(2):
        concluded(number)
    assert look() == set()
    concluded(2)
    assert look() == {("recurrence", "cause/pool_exhaustion/service/orders")}
    client.force_login(person("vi", "viewer"))
    page = client.get("/findings/").content.decode()
    assert "3 incidents of the last 30 days had one cause" in page
    assert "Size the pool by calls at once" in page
    assert not BoardEntry.objects.filter(kind="action").exists()


def test_a_bound_that_is_passed_is_told_unless_an_incident_is_open() -> None:
    ends = counted(Semantic.CERTIFICATE_EXPIRY_SECONDS, [3 * 86_400.0] * 30)
    assert look(None, ends) == {("triggers", "certificate/service/cart")}
    board = open_board()
    Incident.objects.filter(pk=board.incident_id).update(resource="service/cart")
    assert look(None, ends) == set()


def test_settled_pods_only() -> None:
    state = cluster(image="cart:2")
    young = replace(state.pods[1], started_at=database_now() - timedelta(minutes=5))
    assert look(replace(state, pods=(state.pods[0], young))) == set()
