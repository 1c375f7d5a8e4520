"""What looks like a fault and is none: starts that are over, things a system does without."""

import pytest

from tests.agents.clusters import Shop, examined

pytestmark = pytest.mark.unit
NONE_FIT = "0/2 nodes are available"


def test_nothing_is_blamed_in_a_healthy_cluster() -> None:
    shop = Shop()
    outcome, findings = examined(shop)
    assert outcome.verdict != "likely_cause"
    assert not [f.feature for f in findings if f.presence == "present"]


def test_what_hindered_a_start_is_over_once_all_pods_are_ready() -> None:
    shop = Shop()
    shop.event("orders", "FailedScheduling", f"{NONE_FIT}: 2 Insufficient cpu.")
    shop.event("orders", "Unhealthy", "Readiness probe failed: connection refused")
    _, findings = examined(shop)
    assert not [f for f in findings if f.presence == "present"]


def test_a_setting_for_something_that_the_system_does_without_is_no_fault() -> None:
    shop = Shop()
    shop.container("web", env=(("ORDERS_ADDR", "orders:7000"), ("CHAT_ADDR", "assistant:80")))
    _, findings = examined(shop)
    assert "address_wrong" not in {f.feature for f in findings if f.presence == "present"}
