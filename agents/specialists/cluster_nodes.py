"""What is wrong with nodes: their daemons, and pods that none of them starts."""

import re
from collections.abc import Iterator

from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView, quote
from telemetry.types import ResourceKind, ResourceRef

DAEMONS = (
    ("runtime_down", re.compile(r"containerd|cri-?o|docker", re.I), "container runtime"),
    ("kubelet_down", re.compile(r"kubelet", re.I), "kubelet"),
    ("kube_proxy_down", re.compile(r"kube-?proxy", re.I), "service proxy"),
    ("scheduler_down", re.compile(r"scheduler", re.I), "scheduler"),
)
SANDBOX = re.compile(r"FailedCreatePodSandBox|container runtime|containerd\.sock|crio\.sock", re.I)
OOM = re.compile(r"OOM-?Kill|memory limit too low|Memory cgroup out of memory", re.I)


def check_nodes(view: ClusterView) -> Iterator[Finding]:
    """Report daemons that are down, and pods that cannot be started because of their node."""
    for node in view.state.nodes:
        ref = ResourceRef(ResourceKind.NODE, node.name)
        for feature, pattern, words in DAEMONS:
            down = [s for s in node.services_down if pattern.search(s)]
            if down:
                claim = f"The {words} of node {node.name} is not running ({', '.join(down)})."
                yield view.finding(feature, ref, claim)
    for name in view.unready:
        for event in view.said(name, SANDBOX)[-1:]:
            nodes = {p.node for p in view.pods.get(name, []) if p.node and not p.ready}
            for node_name in sorted(nodes):
                ref = ResourceRef(ResourceKind.NODE, node_name)
                claim = f"Node {node_name} cannot start pods of {name}: {quote(event)}."
                yield view.finding("sandbox_failing", ref, claim, event=event)


def check_kills(view: ClusterView) -> Iterator[Finding]:
    """Report what events say of kills for memory."""
    for name, workload in view.workloads.items():
        for event in view.said(name, OOM)[-1:]:
            claim = f"Event on {name}: {quote(event)}."
            yield view.finding("oom_event", workload.resource, claim, event=event,
                               ended_at=view.last_said(name, OOM))  # fmt: skip


def check_unready(view: ClusterView) -> Iterator[Finding]:
    """Say of every workload whether it has the pods it asks for."""
    for name, workload in view.workloads.items():
        pods = view.pods.get(name, [])
        ready = min(workload.replicas_ready, sum(p.ready for p in pods)) if pods else (
            workload.replicas_ready)  # fmt: skip
        wanted = workload.replicas_desired
        reasons = sorted({p.reason or p.phase for p in pods if not p.ready})
        why = f" ({', '.join(reasons)})" if reasons else ""
        if name in view.unready:
            claim = f"{ready} of {wanted} pods of {name} are ready{why}."
            yield view.finding("workload_unready", workload.resource, claim)
        else:
            claim = f"All {wanted} pods of {name} are ready."
            yield view.finding(
                "workload_unready", workload.resource, claim, presence=Presence.ABSENT
            )
