"""Kubernetes objects as JSON to value types. Tolerant: what is missing stays empty."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from telemetry.adapters.kubernetes.manifests import pairs, template_of
from telemetry.types import (
    ClusterEvent,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    WorkloadState,
    service,
)

Json = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRESSURE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def moment(text: object) -> datetime | None:
    """Read a time as Kubernetes writes it."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def meta(item: Json) -> Json:
    """Return an object's metadata."""
    found = item.get("metadata")
    return found if isinstance(found, dict) else {}


def part(item: Json, *path: str) -> Json:
    """Return a nested object, or an empty one."""
    for name in path:
        found = item.get(name)
        item = found if isinstance(found, dict) else {}
    return item


def rows(item: Json, name: str) -> list[Json]:
    """Return a nested list of objects, or an empty one."""
    found = item.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def owner(item: Json, kind: str = "") -> str:
    """Return the name of the controller of an object."""
    for reference in rows(meta(item), "ownerReferences"):
        if reference.get("controller") and (not kind or reference.get("kind") == kind):
            return str(reference.get("name", ""))
    return ""


def owners_of_sets(replica_sets: Sequence[Json]) -> dict[str, str]:
    """Return the Deployment of each ReplicaSet, by name."""
    return {str(meta(r).get("name")): owner(r) for r in replica_sets}


def pod_state(item: Json, deployments: Mapping[str, str]) -> PodState:
    """Read a pod; ``deployments`` maps a ReplicaSet to its Deployment."""
    status, spec = part(item, "status"), part(item, "spec")
    statuses = rows(status, "initContainerStatuses") + rows(status, "containerStatuses")
    waiting = [part(c, "state", "waiting") for c in statuses]
    ended = [part(c, "state", "terminated") or part(c, "lastState", "terminated")
             for c in statuses]  # fmt: skip
    stuck = next((w for w in waiting if w.get("reason")), {})
    last = next((t for t in ended if t.get("reason")), {})
    code = last.get("exitCode")
    ready = any(c.get("type") == "Ready" and c.get("status") == "True"
                for c in rows(status, "conditions"))  # fmt: skip
    controller = owner(item)
    why = [c.get("message") for c in rows(status, "conditions") if c.get("status") == "False"]
    return PodState(
        name=str(meta(item).get("name", "")),
        workload=deployments.get(controller) or controller or str(meta(item).get("name", "")),
        namespace=str(meta(item).get("namespace", "")),
        node=str(spec.get("nodeName", "")),
        phase=str(status.get("phase", "")),
        ready=ready,
        restarts=sum(int(c.get("restartCount") or 0) for c in statuses),
        reason=str(stuck.get("reason") or status.get("reason") or ""),
        last_termination=str(last.get("reason", "")),
        exit_code=code if isinstance(code, int) else None,
        image=str(next((c.get("image") for c in rows(spec, "containers")), "") or ""),
        started_at=moment(status.get("startTime")),
        message=str(stuck.get("message") or last.get("message") or next(filter(None, why), "")),
        labels=pairs(part(item, "metadata", "labels")),
        address=str(status.get("podIP") or ""),
    )


def workload_state(item: Json, kind: str) -> WorkloadState:
    """Read a Deployment, StatefulSet or DaemonSet."""
    spec, status = part(item, "spec"), part(item, "status")
    is_daemon = kind == "DaemonSet"
    wanted = status.get("desiredNumberScheduled") if is_daemon else spec.get("replicas", 1)
    ready = status.get("numberReady") if is_daemon else status.get("readyReplicas")
    containers = rows(part(spec, "template", "spec"), "containers")
    conditions = [
        f"{c.get('type')}={c.get('status')}: {c.get('reason', '')}"
        for c in rows(status, "conditions")
    ]
    annotations = part(item, "metadata", "annotations")
    return WorkloadState(
        resource=service(str(meta(item).get("name", ""))),
        kind=kind,
        replicas_desired=int(wanted or 0),
        replicas_ready=int(ready or 0),
        revision=str(annotations.get("deployment.kubernetes.io/revision", "")),
        image=str(next((c.get("image") for c in containers), "") or ""),
        paused=bool(spec.get("paused")),
        conditions=tuple(conditions),
        settings=tuple(settings_of(containers)),
        template=template_of(item),
    )


def settings_of(containers: Sequence[Json]) -> list[tuple[str, str]]:
    """Return literal environment variables and resource limits of the first container."""
    if not containers:
        return []
    first = containers[0]
    found = [
        (str(e.get("name")), str(e.get("value", ""))) for e in rows(first, "env") if "value" in e
    ]
    for group in ("requests", "limits"):
        for name, value in part(first, "resources", group).items():
            found.append((f"{group}.{name}", str(value)))
    return found


def node_state(item: Json) -> NodeState:
    """Read a node."""
    conditions = rows(part(item, "status"), "conditions")
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    pressed = [
        f"{c.get('type')}: {c.get('message', '')}"
        for c in conditions
        if c.get("type") in PRESSURE and c.get("status") == "True"
    ]
    is_closed = bool(part(item, "spec").get("unschedulable"))
    return NodeState(str(meta(item).get("name", "")), ready, tuple(pressed), is_closed)


def event_time(item: Json) -> datetime:
    """Return when an event last happened, by whichever field the server filled."""
    series = part(item, "series")
    for text in (series.get("lastObservedTime"), item.get("lastTimestamp"), item.get("eventTime"),
                 item.get("firstTimestamp"), meta(item).get("creationTimestamp")):  # fmt: skip
        found = moment(text)
        if found is not None:
            return found
    return EPOCH


def event_state(
    item: Json, pods: Mapping[str, str], deployments: Mapping[str, str]
) -> ClusterEvent:
    """Read an event; it is about the workload of its pod or ReplicaSet."""
    about = part(item, "involvedObject")
    kind, name = str(about.get("kind", "")), str(about.get("name", ""))
    resource = service(pods.get(name) or deployments.get(name) or name)
    if kind == "Node":
        resource = ResourceRef(ResourceKind.NODE, name)
    return ClusterEvent(
        at=event_time(item),
        resource=resource,
        reason=str(item.get("reason", "")),
        message=str(item.get("message", "")),
        is_warning=item.get("type") == "Warning",
        count=int(item.get("count") or 1),
    )
