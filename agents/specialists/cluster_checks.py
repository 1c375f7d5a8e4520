"""Looking for features in pods, workloads, nodes, events and configuration objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agents.enums import Presence
from agents.features import EVENT, FEATURES
from agents.findings import Finding
from agents.specialists.cluster_admission import check_admission
from agents.specialists.cluster_databases import check_databases
from agents.specialists.cluster_nodes import check_kills, check_nodes, check_unready
from agents.specialists.cluster_routes import check_routes
from agents.specialists.cluster_routing import check_routing
from agents.specialists.cluster_scheduling import check_scheduling
from agents.specialists.cluster_startup import check_startup
from agents.specialists.cluster_storage import check_storage
from agents.specialists.cluster_view import ClusterView
from agents.specialists.reader import Reader
from telemetry.redaction import redact
from telemetry.types import (
    ClusterState,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    TelemetryKind,
)

FAMILIES = (
    check_unready, check_scheduling, check_storage, check_admission, check_startup, check_routing,
    check_routes, check_nodes, check_databases,
    check_kills,
)  # fmt: skip
# What is said of a workload at its start and not since is over once all its pods are ready.
PASSING = {
    "unschedulable",
    "quota_exceeded",
    "image_pull_failure",
    "missing_config",
    "probe_failing",
}
LIVENESS = re.compile(r"Liveness probe (failed|errored)", re.I)
PRESSURE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


@dataclass(frozen=True, slots=True)
class TextRule:
    """A feature that shows in the reason or message of a pod or an event."""

    feature: str
    pattern: re.Pattern[str]


TEXT_RULES = (
    TextRule("image_pull_failure", re.compile(
        r"ErrImagePull|ImagePullBackOff|InvalidImageName|Failed to pull image|manifest unknown")),
    TextRule("missing_config", re.compile(
        r"CreateContainerConfigError|(configmap|secret) \"?[\w.-]+\"? not found|"
        r"couldn't find key", re.I)),
    TextRule("probe_failing", re.compile(r"(Liveness|Readiness|Startup) probe failed", re.I)),
    TextRule("unschedulable", re.compile(
        r"FailedScheduling|Insufficient (cpu|memory)|nodes are available|didn't match .*selector|"
        r"untolerated taint|unbound immediate PersistentVolumeClaims", re.I)),
    TextRule("quota_exceeded", re.compile(r"exceeded quota|forbidden: .*quota|must specify limits",
                                          re.I)),
    TextRule("rollout_stuck", re.compile(r"ProgressDeadlineExceeded|ReplicaFailure")),
    TextRule("oom_kill", re.compile(r"OOM-?Kill|Memory cgroup out of memory|OOMKilling", re.I)),
    TextRule("restart_loop", re.compile(r"CrashLoopBackOff|Back-off restarting", re.I)),
)  # fmt: skip


def check_cluster(reader: Reader) -> Iterator[Finding]:
    """Look through the cluster's state for the agent's own features."""
    result = reader.cluster()
    state = result.data
    if not (state.pods or state.workloads or state.nodes or state.events):
        return
    owned = {s.slug for s in FEATURES.values() if s.owner is reader.agent}
    seen: set[tuple[str, ResourceRef, ResourceRef | None]] = set()
    view = ClusterView(reader, state)
    explained = (finding for family in FAMILIES for finding in family(view))
    for finding in (*_texts(view), *_exits(view), *_nodes(reader, state), *explained):
        key = (finding.feature, finding.resource, finding.peer)
        if finding.feature in owned and key not in seen:
            seen.add(key)
            yield finding
    scope = {w.resource for w in state.workloads}
    for rule in TEXT_RULES:
        if view.is_journal_lost and FEATURES[rule.feature].facet == EVENT:
            continue  # Nobody was there to tell: that it is not told says nothing.
        for resource in scope if rule.feature in owned else ():
            if (rule.feature, resource, None) not in seen:
                yield _finding(reader, rule.feature, resource, Presence.ABSENT,
                               f"Not seen on {resource.name}: {FEATURES[rule.feature].title}.")  # fmt: skip


def owner_of(reader: Reader, pod: PodState) -> ResourceRef:
    """Return the service that a pod belongs to, as the scope names it."""
    for resource in reader.case.affected:
        if resource.name == pod.workload and resource.kind is not ResourceKind.POD:
            return resource
    return ResourceRef(ResourceKind.SERVICE, pod.workload or pod.name)


def _texts(view: ClusterView) -> Iterator[Finding]:
    reader, state = view.reader, view.state
    start = reader.case.window.start
    for pod in state.pods:
        text = f"{pod.reason} {pod.message}"
        for rule in TEXT_RULES:
            if rule.pattern.search(text):
                resource = owner_of(reader, pod)
                claim = f"Pod {pod.name} of {resource.name}: {redact(text.strip(), limit=160)}."
                yield _finding(
                    reader, rule.feature, resource, Presence.PRESENT, claim, tainted=True
                )
    for event in sorted(state.events, key=lambda e: e.at):
        if not event.is_warning or event.at < start:
            continue
        text = f"{event.reason}: {event.message}"
        for rule in TEXT_RULES:
            if rule.pattern.search(text) and not _is_past(view, rule.feature, event.resource):
                claim = f"Event on {event.resource.name}: {redact(text, limit=200)}."
                yield _finding(
                    reader, rule.feature, event.resource, Presence.PRESENT, claim, tainted=True,
                    onset=event.at, rows=[{"at": event.at.isoformat(), "text": redact(text)}],
                    ended=view.last_said(event.resource.name, rule.pattern),
                )  # fmt: skip


def _is_past(view: ClusterView, feature: str, resource: ResourceRef) -> bool:
    """Whether an event tells of a hindrance that its workload has got over: all pods are ready."""
    return feature in PASSING and view.is_whole(resource.name)


def _exits(view: ClusterView) -> Iterator[Finding]:
    reader, state = view.reader, view.state
    by_owner: dict[ResourceRef, list[PodState]] = {}
    for pod in state.pods:
        by_owner.setdefault(owner_of(reader, pod), []).append(pod)
    for resource, pods in by_owner.items():
        # Killed with signal 9: for memory, unless a liveness probe had it killed.
        was_probed = bool(view.said(resource.name, LIVENESS))
        killed = [p for p in pods if p.last_termination == "OOMKilled"
                  or (p.exit_code == 137 and not was_probed)]  # fmt: skip
        crashed = [p for p in pods if p.restarts >= 2 and not p.ready and p not in killed]
        if killed:
            claim = f"{len(killed)} of {len(pods)} pods of {resource.name} were killed for memory."
            yield _finding(reader, "oom_kill", resource, Presence.PRESENT, claim,
                           rows=[_pod_row(p) for p in killed[:8]])  # fmt: skip
        if crashed:
            claim = (f"{len(crashed)} of {len(pods)} pods of {resource.name} crash and restart "
                     f"({max(p.restarts for p in crashed)} restarts).")  # fmt: skip
            yield _finding(reader, "restart_loop", resource, Presence.PRESENT, claim,
                           rows=[_pod_row(p) for p in crashed[:8]])  # fmt: skip


def _pod_row(pod: PodState) -> dict[str, object]:
    return {"pod": pod.name, "node": pod.node, "ready": pod.ready, "restarts": pod.restarts,
            "reason": pod.reason, "last": pod.last_termination, "image": pod.image}  # fmt: skip


def _nodes(reader: Reader, state: ClusterState) -> Iterator[Finding]:
    for node in state.nodes:
        resource = ResourceRef(ResourceKind.NODE, node.name)
        pressure = [c for c in node.conditions if c.startswith(PRESSURE)]
        if not node.ready:
            yield _node(reader, "node_not_ready", resource, f"Node {node.name} is not ready.", node)
        if pressure:
            claim = f"Node {node.name}: {', '.join(pressure)}."
            yield _node(reader, "node_pressure", resource, claim, node)
        if node.services_down:
            claim = f"On node {node.name} these are down: {', '.join(node.services_down)}."
            yield _node(reader, "proxy_down", resource, claim, node)


def _node(reader: Reader, feature: str, resource: ResourceRef, claim: str, node: NodeState
          ) -> Finding:  # fmt: skip
    rows: list[dict[str, object]] = [{"node": node.name, "conditions": list(node.conditions)}]
    return _finding(reader, feature, resource, Presence.PRESENT, claim, rows=rows)


def _finding(
    reader: Reader, feature: str, resource: ResourceRef, presence: Presence, claim: str, *,
    tainted: bool = False, onset: datetime | None = None, ended: datetime | None = None,
    rows: list[dict[str, object]] | None = None,
) -> Finding:  # fmt: skip
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=resource,
        presence=presence,
        kind=TelemetryKind.CLUSTER,
        claim=claim,
        provenance=reader.cluster().provenance,
        onset_at=onset,
        ended_at=ended,
        sample={"rows": rows} if rows else {},
        is_tainted=tainted,
    )
