"""The case before the specialists: what is asked, of what, and whom they may ask."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TypeVar, cast

from telemetry.ask import GuardedSources
from telemetry.types import ResourceRef, Semantic, TimeWindow, TopologyGraph

T = TypeVar("T")


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
    memo: dict[Hashable, object] = field(default_factory=dict, repr=False, compare=False)

    def once(
        self, what: Hashable, work: Callable[[], T], *, is_kept: Callable[[T], bool] | None = None
    ) -> T:
        """Return what ``work`` gives, worked out once per scope, windows and words of people.

        Of two threads that ask at once one works and the other waits for it. What ``is_kept``
        refuses is worked out again by who asks next. ``work`` may ask for other things once, never
        for this one.
        """
        key = (what, self.symptoms, self.window, self.baseline, self.affected, self.focus,
               self.hints, self.step_seconds)  # fmt: skip
        if key in self.memo:
            return cast("T", self.memo[key])
        lock = cast("Lock", self.memo.setdefault((Lock, key), Lock()))
        with lock:
            if key in self.memo:
                return cast("T", self.memo[key])
            found = work()
            if is_kept is None or is_kept(found):
                self.memo[key] = found
            return found
