"""The case before the specialists: what is asked, of what, and whom they may ask."""

from dataclasses import dataclass, field
from datetime import datetime

from telemetry.ask import GuardedSources
from telemetry.types import ResourceRef, Semantic, TimeWindow, TopologyGraph


@dataclass(frozen=True, slots=True)
class Symptom:
    """What users or SLOs see: the alert, or a person's words."""

    resource: ResourceRef
    started_at: datetime
    summary: str
    semantic: Semantic | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a specialist needs; built once per step from the investigation's row.

    ``affected`` are the resources in scope, nearest to the symptom first. ``focus`` and ``hints``
    come from people: resources to look at first, and words of theirs to this agent. ``memo`` keeps
    what takes long to work out and several steps ask for.
    """

    sources: GuardedSources
    symptoms: tuple[Symptom, ...]
    window: TimeWindow
    baseline: TimeWindow
    graph: TopologyGraph
    affected: tuple[ResourceRef, ...]
    focus: tuple[ResourceRef, ...] = ()
    hints: tuple[str, ...] = ()
    step_seconds: float = 10.0
    notes: dict[str, str] = field(default_factory=dict)
    memo: dict[str, object] = field(default_factory=dict, repr=False, compare=False)
