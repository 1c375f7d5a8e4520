"""A cause as a sentence that names both ends, where the board knows the other one."""

from collections.abc import Sequence

from agents.enums import Presence
from agents.faults.model import FaultModel
from agents.findings import Cause, Finding
from telemetry.types import TopologyGraph


def claim_of(
    model: FaultModel, cause: Cause, findings: Sequence[Finding], graph: TopologyGraph
) -> str:
    """Return the claim. Only a model with words for its other end names one."""
    other = _other(model, cause, findings, graph) if model.other else ""
    return model.claim_at(cause.resource.name, other=other)


def _other(
    model: FaultModel, cause: Cause, findings: Sequence[Finding], graph: TopologyGraph
) -> str:
    """Return the name at the other end: by the strongest trigger, or the only one of its kind."""
    seen = [
        f for f in findings
        if f.presence is Presence.PRESENT and f.feature in model.triggers
        and f.resource == cause.resource and f.peer is not None
    ]  # fmt: skip
    if seen:
        strongest = max(seen, key=lambda f: f.strength)
        return strongest.peer.name if strongest.peer else ""
    near = {r.name for r in graph.callees(cause.resource) if r.kind is model.other_kind}
    return near.pop() if len(near) == 1 else ""
