"""Services with their addresses, claims, quotas and what the scheduler knows of nodes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from telemetry.adapters.kubernetes.manifests import (
    Json,
    amounts,
    claim_of,
    dig,
    each,
    pairs,
    quotas_of,
    service_of,
)
from telemetry.cluster import ClusterDetails, NodeFacts, ServiceState, Taint

ENDED = {"Succeeded", "Failed"}


def details_of(items: Mapping[str, Sequence[Json]]) -> ClusterDetails:
    """Return what the listings tell beside pods, workloads, nodes and events.

    ``items`` holds only what could be listed: a Service without Endpoints of its name has
    ``has_endpoints`` False, and nothing is concluded from their absence.
    """
    behind = {str(dig(e, "metadata").get("name")): e for e in items.get("endpoints", ())}
    kinds = {"services": "Service", "persistentvolumeclaims": "PersistentVolumeClaim"}
    return ClusterDetails(
        services=tuple(_with_addresses(service_of(s), behind) for s in items.get("services", ())),
        claims=tuple(claim_of(c) for c in items.get("persistentvolumeclaims", ())),
        quotas=tuple(row for q in items.get("resourcequotas", ()) for row in quotas_of(q)),
        listed=tuple(sorted(kind for group, kind in kinds.items() if group in items)),
    )


def _with_addresses(service: ServiceState, behind: Mapping[str, Json]) -> ServiceState:
    subsets = each(behind.get(service.name, {}), "subsets")
    ready = [str(a.get("ip")) for s in subsets for a in each(s, "addresses")]
    waiting = [str(a.get("ip")) for s in subsets for a in each(s, "notReadyAddresses")]
    return replace(
        service, ready=tuple(ready), not_ready=tuple(waiting), has_endpoints=service.name in behind
    )


def facts_of(node: Json, requested: Mapping[str, Mapping[str, float]]) -> NodeFacts:
    """Return a node's labels and taints, and what it offers and has promised."""
    about = dig(node, "metadata")
    taken = requested.get(str(about.get("name")), {})
    return NodeFacts(
        labels=pairs(dig(about, "labels")),
        taints=tuple(
            Taint(str(t.get("key", "")), str(t.get("value") or ""), str(t.get("effect", "")))
            for t in each(dig(node, "spec"), "taints")
        ),
        allocatable=amounts(dig(node, "status", "allocatable")),
        requested=tuple(sorted(taken.items())),
    )


def requested_by_node(pods: Sequence[Json]) -> dict[str, dict[str, float]]:
    """Return what the pods of the listed namespaces ask for, by node, in cores and bytes."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for pod in pods:
        node = str(dig(pod, "spec").get("nodeName") or "")
        if node and dig(pod, "status").get("phase") not in ENDED:
            for container in each(dig(pod, "spec"), "containers"):
                for name, value in amounts(dig(container, "resources", "requests")):
                    found[node][name] += value
    return {node: dict(values) for node, values in found.items()}
