"""The causal chain: from the blamed resource along the topology to the symptom."""

from collections import deque
from collections.abc import Sequence

from agents.case import Case
from agents.enums import Presence
from agents.findings import Finding
from agents.reconciler.outcome import ChainLink
from agents.reconciler.scoring import Scored
from telemetry.types import ResourceRef

TELLING = ("latency_rise", "error_rise", "edge_latency_rise", "edge_error_rise", "timeout_logs")


def causal_chain(scored: Scored, findings: Sequence[Finding], case: Case) -> tuple[ChainLink, ...]:
    """Return the links cause first. A resource without a finding of its own is inferred."""
    path = _path(case, scored.cause.resource)
    used: set[int] = set()
    links = []
    strongest = [s.index for s in scored.stances if s.decibans > 0]
    for position, resource in enumerate(path):
        if position == 0:
            index = next((i for i in strongest if resource in {findings[i].resource,
                                                               findings[i].peer}), None)  # fmt: skip
        else:
            index = _telling(resource, findings, used)
        if index is None:
            links.append(ChainLink(str(resource), f"{resource.name}: inferred", None, None))
            continue
        used.add(index)
        onset = findings[index].onset_at
        links.append(
            ChainLink(str(resource), findings[index].claim, onset.isoformat() if onset else None,
                      index, round(findings[index].strength, 3))
        )  # fmt: skip
    return tuple(links)


def _telling(resource: ResourceRef, findings: Sequence[Finding], used: set[int]) -> int | None:
    options = [
        i for i, f in enumerate(findings)
        if f.presence is Presence.PRESENT and f.resource == resource and f.feature in TELLING
        and i not in used
    ]  # fmt: skip
    return min(options, key=lambda i: TELLING.index(findings[i].feature), default=None)


def _path(case: Case, cause: ResourceRef) -> list[ResourceRef]:
    """Return the shortest way from the cause up to a symptom's resource."""
    symptoms = {s.resource for s in case.symptoms}
    back: dict[ResourceRef, ResourceRef | None] = {cause: None}
    queue = deque([cause])
    while queue:
        at = queue.popleft()
        if at in symptoms:
            path = [at]
            while (before := back[path[-1]]) is not None:
                path.append(before)
            return path[::-1]
        placed = [r for r, node in case.graph.runs_on if node == at]
        for caller in (*case.graph.callers(at), *placed):
            if caller not in back:
                back[caller] = at
                queue.append(caller)
    return [cause, *sorted(symptoms - {cause})[:1]]
