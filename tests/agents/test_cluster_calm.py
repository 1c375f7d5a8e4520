"""What looks like a fault and is none: starts that are over, things a system does without."""

from dataclasses import replace

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


def test_the_schedulers_words_count_where_the_template_is_unknown() -> None:
    shop = Shop()
    said = f"{NONE_FIT}: 1 node(s) were unschedulable, 3 node(s) had untolerated taint {{a: b}}."
    shop.pending("orders", said)
    shop.templates["orders"] = replace(shop.templates["orders"], containers=())
    _, findings = examined(shop)
    told = {f.feature for f in findings if f.presence == "present" and f.resource.name == "orders"}
    assert "taints_bar_nodes" in told
    assert "nodes_cordoned" not in told


def test_what_the_scheduler_leaves_open_stays_open() -> None:
    shop = Shop()
    shop.pending("orders", "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")  # fmt: skip
    shop.templates["orders"] = None  # type: ignore[assignment]  # its manifest was not read
    outcome, _ = examined(shop)
    named = {r.scored.cause.fault_class for r in outcome.ranked[:2]}
    assert named == {"node_affinity_mismatch", "node_selector_mismatch"}
    assert outcome.verdict == "inconclusive"


def test_why_an_image_is_not_pulled_stays_open_where_nobody_says() -> None:
    shop = Shop()
    shop.breaks("orders", phase="ImagePullBackOff", reason="ImagePullBackOff")
    outcome, findings = examined(shop)
    told = {f.feature for f in findings if f.presence == "present"}
    assert {"image_not_found", "image_unauthorized"} <= told
    assert outcome.verdict == "inconclusive"


def test_what_has_no_pod_is_not_called_cut_off() -> None:
    shop = Shop()
    shop.breaks("orders", phase="Pending", node="")
    for _ in range(4):
        shop.log("web", "dial tcp 10.0.0.1:7000: connect: connection refused")
    outcome, _ = examined(shop)
    assert outcome.verdict == "inconclusive"
    assert outcome.leader is None or outcome.leader.posterior < 0.5
