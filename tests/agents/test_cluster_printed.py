"""The same faults from what kubectl prints, and further ways in which they show."""

from dataclasses import replace
from pathlib import Path

import pytest

from sre_workspace.evaluation.running import run_case
from telemetry.cluster import ContainerPort, QuotaUse, ServicePort
from tests.agents.captured_shop import write_captured
from tests.agents.clusters import Shop
from tests.agents.test_cluster_families import (
    CASES,
    CLAIM,
    NONE_FIT,
    VOLUME,
    breaking,
    broken,
    claimed,
    crashed,
    liveness_port,
    unpulled,
)

pytestmark = pytest.mark.unit


@breaking("service_protocol", "service/orders")
def protocol_of_a_named_port(shop: Shop) -> None:
    shop.container("orders", ports=(ContainerPort(7000, "grpc"),))
    port = ServicePort(7000, "grpc", "grpc", protocol="UDP")
    shop.services["orders"] = replace(shop.services["orders"], ports=(port,))
    shop.closed.add("orders")


@breaking("service_selector", "service/orders")
def an_entry_that_leads_to_others(shop: Shop) -> None:
    entry = replace(shop.services["orders"], name="orders-external", selector=(("app", "web"),))
    shop.services["orders-external"] = entry


@breaking("quota_storage", "namespace/shop")
def no_claim_is_allowed_at_all(shop: Shop) -> None:
    shop.template("stock-db", claims=("data",))
    quota = QuotaUse("most", "shop", "persistentvolumeclaims", 0, 0)
    shop.details = replace(shop.details, quotas=(quota,))
    shop.pending("stock-db", f'{NONE_FIT}: persistentvolumeclaim "data" not found.')


@breaking("database_read_only", "service/stock-db")
def read_only_as_a_driver_says_it(shop: Shop) -> None:
    shop.log("orders", "Connection is read-only. Queries leading to data modification are refused")


@breaking("database_read_only", "service/stock-db")
def read_only_as_a_transaction_says_it(shop: Shop) -> None:
    shop.log("orders", "Cannot execute statement in a READ ONLY transaction.")


@breaking("database_read_only", "service/stock-db")
def read_only_as_a_table_says_it(shop: Shop) -> None:
    shop.log("orders", "java.sql.SQLException: Table 'orders' is read only")


@breaking("image_pull_unauthorized", "service/orders")
def a_pull_secret_that_is_not_there(shop: Shop) -> None:
    unpulled(shop, "unexpected status from HEAD request to https://registry.test/: 403 Forbidden")
    shop.event("orders", "FailedToRetrieveImagePullSecret",
               "Unable to retrieve some image pull secrets (corp); attempting to pull the image "
               "may not succeed.")  # fmt: skip


@breaking("image_not_found", "service/orders")
def a_mirror_that_forbids_what_it_does_not_have(shop: Shop) -> None:
    shop.pods["orders"] = [replace(p, image="ordres:1") for p in shop.pods["orders"]]
    unpulled(shop, "unexpected status from HEAD request to https://mirror.test/: 403 Forbidden")


@breaking("image_not_found", "service/orders")
def a_tag_as_another_runtime_misses_it(shop: Shop) -> None:
    unpulled(shop, "Error response from daemon: manifest for orders:1 not found: manifest unknown")


@breaking("node_selector_mismatch", "service/orders")
def a_selector_long_after_the_scheduler_said_so(shop: Shop) -> None:
    shop.template("orders", node_selector=(("zone", "9"),))
    shop.breaks("orders", phase="Pending", node="")


@breaking("liveness_port", "service/orders")
def a_probe_long_after_its_events(shop: Shop) -> None:
    liveness_port(shop)
    shop.events.clear()


@breaking("sidecar_port_conflict", "service/orders")
def port_taken_as_a_framework_says_it(shop: Shop) -> None:
    crashed(shop, "Web server failed to start. Port 7000 was already in use.")


@breaking("database_read_only", "service/stock-db")
def opened_for_reading(shop: Shop) -> None:
    shop.log("orders", "ORA-16000: database or pluggable database open for read-only access")


@breaking("volume_occupied", "service/stock-db")
def the_volume_that_is_named_is_taken(shop: Shop) -> None:
    other = replace(VOLUME, name="volume-2", storage_class="slow")
    taken = replace(VOLUME, phase="Bound", claim="archive/old")
    claimed(shop, replace(CLAIM, volume="volume-1"), taken, other)


@breaking("volume_occupied", "service/stock-db")
def attached_to_another_pod(shop: Shop) -> None:
    claimed(shop, replace(CLAIM, phase="Bound", volume="volume-1"), VOLUME)
    shop.events.clear()
    shop.breaks("stock-db", phase="ContainerCreating", reason="ContainerCreating", node="node-a")
    shop.event("stock-db", "FailedAttachVolume", 'Multi-Attach error for volume "volume-1" Volume '
               "is already used by pod(s) report-5d7c")  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_the_fault_is_told_from_what_kubectl_prints(name: str, tmp_path: Path) -> None:
    fault = name.partition(":")[0]
    blamed, change = CASES[name]
    result = run_case(write_captured(broken(change), tmp_path))
    assert result.error == ""
    assert (result.causes[0].fault_class, result.causes[0].resource) == (fault, blamed)
