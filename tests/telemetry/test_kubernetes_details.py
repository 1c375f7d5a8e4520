"""What the live reader tells of services, claims, quotas and nodes."""

import pytest

from telemetry.adapters.kubernetes.details import details_of, facts_of, requested_by_node

pytestmark = pytest.mark.unit
SERVICE = {
    "metadata": {"name": "orders"},
    "spec": {"selector": {"app": "orders"}, "ports": [{"port": 80}]},
}


def pod(node: str, cpu: str, phase: str = "Running") -> dict:
    container = {"resources": {"requests": {"cpu": cpu}}}
    return {"spec": {"nodeName": node, "containers": [container]}, "status": {"phase": phase}}


def test_a_service_has_the_addresses_of_its_endpoints() -> None:
    ends = {"metadata": {"name": "orders"}, "subsets": [
        {"addresses": [{"ip": "10.0.0.1"}], "notReadyAddresses": [{"ip": "10.0.0.2"}]}]}  # fmt: skip
    (one,) = details_of({"services": [SERVICE], "endpoints": [ends]}).services
    assert (one.ready, one.not_ready, one.has_endpoints) == (("10.0.0.1",), ("10.0.0.2",), True)


def test_endpoints_that_were_not_listed_are_not_empty() -> None:
    found = details_of({"services": [SERVICE]})
    assert not found.services[0].has_endpoints
    assert found.has("Secret", "any") is None
    assert "PersistentVolumeClaim" not in found.listed


def test_a_node_knows_what_it_has_promised() -> None:
    pods = [pod("a", "250m"), pod("a", "1"), pod("a", "2", "Succeeded"), pod("", "4")]
    node = {"metadata": {"name": "a", "labels": {"zone": "1"}},
            "spec": {"taints": [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "4"}}}  # fmt: skip
    facts = facts_of(node, requested_by_node(pods))
    assert dict(facts.requested) == {"cpu": 1.25}
    assert dict(facts.allocatable) == {"cpu": 4.0}
    assert facts.taints[0].key == "dedicated"
