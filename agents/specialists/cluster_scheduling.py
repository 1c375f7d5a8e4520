"""Why pods cannot be placed: what the scheduler weighs, weighed again step by step."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView, quote
from telemetry.cluster import LabelRule, NodeFacts, Pairs, PodTemplate, Taint, Toleration
from telemetry.phrasing import size
from telemetry.types import (
    ClusterEvent,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    WorkloadState,
)

HARD_EFFECTS = {"NoSchedule", "NoExecute"}
# The cluster itself puts these on a node that is closed or down; that is told otherwise.
OF_THE_NODE = "node.kubernetes.io/"
# What weighing again shows, and no attempt of the scheduler's own bears out.
UNTOLD = 0.8


# The scheduler's own words. A mismatch of selector and affinity are one to it.
TOLD = (
    ("anti_affinity_blocks", "anti-affinity"),
    ("taints_bar_nodes", "untolerated taint"),
    ("cpu_request_too_big", "insufficient cpu"),
    ("memory_request_too_big", "insufficient memory"),
    ("affinity_matches_no_node", "node affinity/selector"),
    ("nodes_cordoned", "were unschedulable"),
)
EITHER = ("affinity_matches_no_node", "selector_matches_no_node")


def check_scheduling(view: ClusterView) -> Iterator[Finding]:
    """Explain every workload that has pods waiting for a node."""
    for name, workload in view.unready.items():
        waiting = [p for p in view.pods.get(name, []) if p.phase == "Pending" and not p.node]
        if not waiting:
            continue
        tried = [e for e in view.events.get(name, []) if e.reason == "FailedScheduling"]
        found = []
        if workload.template is not None and view.state.nodes:
            found = list(_explain(view, workload, workload.template))
        if tried:
            yield from found or _as_told(view, workload, tried[-1])
        elif found and not _scheduler_is_down(view):
            # Clusters forget what they tried after an hour: what bars the pod bars it still.
            yield from (replace(one, strength=UNTOLD) for one in found)
        else:
            yield from _never_tried(view, workload, waiting)


def _scheduler_is_down(view: ClusterView) -> bool:
    return any("scheduler" in s for n in view.state.nodes for s in n.services_down)


def _as_told(view: ClusterView, workload: WorkloadState, event: ClusterEvent
             ) -> Iterator[Finding]:  # fmt: skip
    """Report what the scheduler itself said of the most nodes, where weighing again shows nothing."""
    text = event.message.partition("preemption:")[0].partition("available:")[2]
    counts = [(int(n), why) for n, why in re.findall(r"(\d+) ([A-Za-z][^,.]*)", text)]
    told = [(n, feature) for n, why in counts for feature, words in TOLD if words in why.lower()]
    if told:
        _, feature = max(told, key=lambda pair: (pair[0], pair[1] != "nodes_cordoned"))
        claim = f"The scheduler says of {workload.resource.name}: {quote(event, 160)}."
        # Of a mismatch it does not say which of the two: either may be, and neither is likelier.
        for one in EITHER if feature in EITHER else (feature,):
            yield view.finding(one, workload.resource, claim, strength=0.7, event=event)


def _rules(node: NodeState) -> bool:
    """Whether a node is of the control plane, by its labels."""
    return any(
        (key.rpartition("/")[2] in {"control-plane", "master"} and "role" in key)
        or (key.endswith("/role") and value in {"control-plane", "master"})
        for key, value in node.facts.labels
    )


def _never_tried(view: ClusterView, workload: WorkloadState, pods: list[PodState]
                 ) -> Iterator[Finding]:  # fmt: skip
    claim = (f"{len(pods)} pods of {workload.resource.name} wait for a node, and no attempt to "
             "place them is on record.")  # fmt: skip
    yield view.finding("never_scheduled", workload.resource, claim)
    for node in view.state.nodes:
        if any("scheduler" in s for s in node.services_down):
            ref = ResourceRef(ResourceKind.NODE, node.name)
            yield view.finding("never_scheduled", ref, claim, peer=workload.resource)


def _explain(view: ClusterView, workload: WorkloadState, template: PodTemplate
             ) -> Iterator[Finding]:  # fmt: skip
    name, resource = workload.resource.name, workload.resource
    if any(c.phase != "Bound" for c in view.details.claims if c.name in template.claims):
        return
    # A closed control plane is no candidate to begin with: it is meant to be closed.
    nodes = [n for n in view.state.nodes if n.ready and not (n.unschedulable and _rules(n))]
    nodes = nodes or [n for n in view.state.nodes if n.ready]
    selected = [n for n in nodes if meets_selector(template.node_selector, n.facts.labels)]
    if not selected:
        wanted = ", ".join(f"{k}={v}" for k, v in template.node_selector)
        claim = f"{name} asks for nodes labelled {wanted}; none of {len(nodes)} ready nodes is."
        yield view.finding("selector_matches_no_node", resource, claim)
        return
    liked = [n for n in selected if meets_affinity(template.node_affinity, n.facts.labels)]
    if not liked:
        wanted = "; ".join(" and ".join(map(_words, term)) for term in template.node_affinity)
        claim = f"{name} must run where {wanted}; none of {len(selected)} nodes is so."
        yield view.finding("affinity_matches_no_node", resource, claim)
        return
    untainted = [n for n in liked if not barring(n.facts, template.tolerations)]
    is_open = [n for n in liked if not n.unschedulable]
    if not is_open:
        closed = ", ".join(n.name for n in liked)
        claim = f"Every node that fits {name} is closed to new pods: {closed}."
        yield view.finding("nodes_cordoned", resource, claim)
        return
    left = [n for n in is_open if n in untainted]
    if not left:
        bars = sorted({f"{t.key}={t.value}:{t.effect}" for n in is_open
                       for t in barring(n.facts, template.tolerations)})  # fmt: skip
        claim = f"{name} does not tolerate {', '.join(bars)}, which every open node has."
        yield view.finding("taints_bar_nodes", resource, claim)
        return
    short = list(_capacity(view, workload, template, left))
    yield from short or _spread(view, workload, template, left)


def _capacity(view: ClusterView, workload: WorkloadState, template: PodTemplate,
              nodes: Sequence[NodeState]) -> Iterator[Finding]:  # fmt: skip
    name = workload.resource.name
    for what, feature in (("cpu", "cpu_request_too_big"), ("memory", "memory_request_too_big")):
        asked = sum(dict(c.requests).get(what, 0.0) for c in template.containers)
        free = [dict(n.facts.allocatable).get(what, 0.0) - dict(n.facts.requested).get(what, 0.0)
                for n in nodes if dict(n.facts.allocatable).get(what)]  # fmt: skip
        if free and asked > max(free):
            words = [size(a) if what == "memory" else f"{a:.3g} cores" for a in (asked, max(free))]
            claim = f"{name} asks for {words[0]} of {what}; the emptiest node has {words[1]} free."
            yield view.finding(feature, workload.resource, claim)


def _spread(view: ClusterView, workload: WorkloadState, template: PodTemplate,
            nodes: Sequence[NodeState]) -> Iterator[Finding]:  # fmt: skip
    for term in template.pod_anti_affinity:
        barred = {p.node for p in view.state.pods
                  if p.node and all(meets(r, dict(p.labels)) for r in term.rules)}  # fmt: skip
        rules = " and ".join(map(_words, term.rules))
        tried = [e for e in view.events.get(workload.resource.name, [])
                 if "anti-affinity" in e.message]  # fmt: skip
        if all(n.name in barred for n in nodes) or tried:
            claim = (f"{workload.resource.name} must not share a node with pods where {rules}, "
                     f"and they are on every node that fits.")  # fmt: skip
            yield view.finding("anti_affinity_blocks", workload.resource, claim,
                               event=tried[0] if tried else None)  # fmt: skip


def meets_selector(selector: Pairs, labels: Pairs) -> bool:
    """Whether labels have everything that a selector names."""
    return set(selector) <= set(labels)


def meets_affinity(terms: Sequence[Sequence[LabelRule]], labels: Pairs) -> bool:
    """Whether labels meet all rules of any term; no term is met by everything."""
    known = dict(labels)
    return not terms or any(all(meets(rule, known) for rule in term) for term in terms)


def meets(rule: LabelRule, labels: dict[str, str]) -> bool:
    """Whether labels meet one expression, as Kubernetes reads it."""
    value = labels.get(rule.key)
    if rule.operator == "Exists":
        return value is not None
    if rule.operator == "DoesNotExist":
        return value is None
    if rule.operator == "NotIn":
        return value is None or value not in rule.values
    if rule.operator in {"Gt", "Lt"}:
        return _compares(value, rule)
    return value in rule.values


def _compares(value: str | None, rule: LabelRule) -> bool:
    try:
        found, limit = int(value or ""), int(rule.values[0])
    except (ValueError, IndexError):
        return False
    return found > limit if rule.operator == "Gt" else found < limit


def barring(facts: NodeFacts, tolerations: Sequence[Toleration]) -> list[Taint]:
    """Return the taints of a node that keep such a pod away."""
    return [
        t for t in facts.taints
        if t.effect in HARD_EFFECTS and not t.key.startswith(OF_THE_NODE)
        and not any(tolerates(one, t) for one in tolerations)
    ]  # fmt: skip


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if not toleration.key:
        return toleration.operator == "Exists"
    if toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value


def _words(rule: LabelRule) -> str:
    verb = {"In": "is", "NotIn": "is not", "Exists": "exists", "DoesNotExist": "does not exist",
            "Gt": "is over", "Lt": "is under"}.get(rule.operator, rule.operator)  # fmt: skip
    return f"{rule.key} {verb} {' or '.join(rule.values)}".strip()
