"""The cluster's state: pods, workloads, nodes, events and a few configuration objects."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import yaml

from telemetry.adapters.kubernetes.api import KubernetesApi, Listed
from telemetry.adapters.kubernetes.details import details_of, facts_of, requested_by_node
from telemetry.adapters.kubernetes.parsing import (
    Json,
    event_state,
    meta,
    node_state,
    owners_of_sets,
    pod_state,
    workload_state,
)
from telemetry.errors import TelemetryError
from telemetry.redaction import redact
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    ClusterEvent,
    ClusterObject,
    ClusterState,
    PodState,
    ResourceRef,
    TelemetryKind,
    TimeWindow,
)

NAME = "kubernetes"
PARALLEL = 6
NAMESPACED = {
    "pods": "/api/v1/namespaces/{}/pods",
    "events": "/api/v1/namespaces/{}/events",
    "services": "/api/v1/namespaces/{}/services",
    "deployments": "/apis/apps/v1/namespaces/{}/deployments",
    "replicasets": "/apis/apps/v1/namespaces/{}/replicasets",
    "statefulsets": "/apis/apps/v1/namespaces/{}/statefulsets",
    "daemonsets": "/apis/apps/v1/namespaces/{}/daemonsets",
    "networkpolicies": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "resourcequotas": "/api/v1/namespaces/{}/resourcequotas",
    "endpoints": "/api/v1/namespaces/{}/endpoints",
    "persistentvolumeclaims": "/api/v1/namespaces/{}/persistentvolumeclaims",
}
# What only some checks read: where it may not be listed, those checks see nothing.
EXTRA = {"endpoints", "persistentvolumeclaims"}
WORKLOADS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
OBJECTS = {
    "services": "Service", "networkpolicies": "NetworkPolicy", "resourcequotas": "ResourceQuota",
}  # fmt: skip
MUST = ("pods", "deployments", "replicasets")


class KubernetesReader:
    """Workloads, pods, nodes and events of the configured namespaces."""

    name = NAME

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def state(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[ClusterState]:
        """Return the state now, with the events of the window.

        PARTIAL, with the reason, when some kind of object cannot be listed.

        Raises:
            TelemetryError: Pods, Deployments or ReplicaSets cannot be listed.
        """
        began = time.monotonic()
        found, failed = self._list_all()
        is_cut = any(listed.is_cut for listed in found.values())
        items = {kind: listed.items for kind, listed in found.items()}
        state = _state(items, {r.name for r in resources}, window)
        is_empty = not (state.pods or state.workloads)
        status = ResultStatus.NO_DATA if is_empty else ResultStatus.OK
        if failed or is_cut:
            status = ResultStatus.PARTIAL
        scope = ",".join(self._api.access.namespaces)
        query = f"GET {', '.join([*NAMESPACED, 'nodes'])} in namespaces {scope}"
        source = Provenance(
            source=NAME, kind=TelemetryKind.CLUSTER, query=query, window=window,
            fetched_at=datetime.now(UTC), duration_seconds=time.monotonic() - began,
            truncated_count=int(is_cut),
        )  # fmt: skip
        return QueryResult(status, state, source, "; ".join(failed)[:300])

    def _list_all(self) -> tuple[dict[str, Listed], list[str]]:
        paths = [(kind, path.format(namespace)) for kind, path in NAMESPACED.items()
                 for namespace in self._api.access.namespaces]  # fmt: skip
        paths.append(("nodes", "/api/v1/nodes"))

        def ask(job: tuple[str, str]) -> Listed | TelemetryError:
            try:
                return self._api.list(job[1])
            except TelemetryError as error:
                return error

        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = list(pool.map(ask, paths))
        found: dict[str, Listed] = {}
        failed = []
        for (kind, _), answer in zip(paths, answers, strict=True):
            if isinstance(answer, TelemetryError):
                if kind in MUST:
                    raise answer
                if kind not in EXTRA:
                    failed.append(f"{kind}: {answer}")
                continue
            known = found.get(kind, Listed(()))
            found[kind] = Listed(known.items + answer.items, known.is_cut or answer.is_cut)
        return found, failed


def _state(items: dict[str, tuple[Json, ...]], names: set[str], window: TimeWindow) -> ClusterState:
    sets = owners_of_sets(items.get("replicasets", ()))
    pods = [pod_state(p, sets) for p in items.get("pods", ())]
    workload_of = {p.name: p.workload for p in pods}
    events = [event_state(e, workload_of, sets) for e in items.get("events", ())]
    requested = requested_by_node(items.get("pods", ()))
    workloads = [
        workload_state(w, kind) for group, kind in WORKLOADS.items() for w in items.get(group, ())
    ]
    return ClusterState(
        pods=tuple(p for p in pods if not names or _is_of(p, names)),
        workloads=tuple(w for w in workloads if not names or w.resource.name in names),
        nodes=tuple(
            replace(node_state(n), facts=facts_of(n, requested)) for n in items.get("nodes", ())
        ),
        events=tuple(sorted(_kept(events, names, window), key=lambda e: e.at)),
        objects=tuple(
            _object(item, kind) for group, kind in OBJECTS.items() for item in items.get(group, ())
        ),
        details=details_of(items),
    )


def _is_of(pod: PodState, names: set[str]) -> bool:
    return pod.workload in names or pod.name in names or pod.node in names


def _kept(
    events: Sequence[ClusterEvent], names: set[str], window: TimeWindow
) -> list[ClusterEvent]:
    return [
        e for e in events
        if window.contains(e.at) and (not names or e.resource.name in names)
    ]  # fmt: skip


def _object(item: Json, kind: str) -> ClusterObject:
    kept = {name: value for name, value in item.items() if name in {"spec", "data", "status"}}
    text = redact(yaml.safe_dump(kept, sort_keys=True))
    return ClusterObject(
        kind, str(meta(item).get("name", "")), str(meta(item).get("namespace", "")), text
    )
