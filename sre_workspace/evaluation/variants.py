"""Ways to run a case that measure what a part is worth, or how honest a verdict is without it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from agents.engine import WHOLE, Plan
from agents.enums import SPECIALISTS
from sre_workspace.evaluation.perturbing import LOSSY, OF_CLUSTERS, PERTURBATIONS
from telemetry.ports import TelemetrySources
from telemetry.types import TimeWindow

KINDS = ("metrics", "logs", "traces", "cluster", "changes", "database", "topology")
# Read as a whole, of the time of the incident: no part of a window before it.
SNAPSHOTS = frozenset({"cluster", "database", "alerts"})
LEAD = timedelta(minutes=5)
CALM_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a case.

    Attributes:
        without: Names of sources that are taken away.
        is_fault_free: Whether the recording's baseline is taken for an incident: a verdict that
            names a cause there is false.
        perturbation: How the recording is changed first, a key of ``PERTURBATIONS``.
    """

    slug: str
    title: str
    plan: Plan = WHOLE
    without: frozenset[str] = frozenset()
    is_fault_free: bool = False
    perturbation: str = ""

    @property
    def is_lossy(self) -> bool:
        """Whether it takes away what an answer may rest on."""
        return bool(self.without) or self.perturbation in LOSSY

    def concerns(self, *, has_history: bool) -> bool:
        """Whether it can change anything: some change a cluster's state alone, a set's snapshot."""
        return not (has_history and self.perturbation in OF_CLUSTERS)

    def sources(self, sources: TelemetrySources) -> TelemetrySources:
        """Return the sources less what this variant takes away."""
        gone = self.without | (SNAPSHOTS if self.is_fault_free else frozenset())
        return replace(sources, **dict.fromkeys(gone))

    def windows(self, window: TimeWindow, baseline: TimeWindow) -> tuple[TimeWindow, TimeWindow]:
        """Return (window, baseline) to investigate, for the recording's own."""
        if not self.is_fault_free:
            return window, baseline
        # A page comes after its fault: the last part of a baseline may already hold it.
        end = baseline.start + CALM_SHARE * baseline.duration
        cut = end - min(window.duration, (end - baseline.start) / 3)
        return TimeWindow(cut, end), TimeWindow(baseline.start, cut)


FULL = Variant("full", "full board")
FAULT_FREE = Variant("fault-free", "fault-free windows", is_fault_free=True)
ABLATIONS = (
    Variant("generalist", "one pass: nothing is looked for twice",
            plan=Plan(examines=False, challenges=False)),
    Variant("unchallenged", "specialists, without cross-examination",
            plan=Plan(challenges=False)),
    *(
        Variant(f"no-{name.value}", f"full board without the {name.value} agent",
                plan=Plan(specialists=tuple(s for s in SPECIALISTS if s is not name)))
        for name in SPECIALISTS
    ),
)  # fmt: skip
PERTURBED = tuple(
    Variant(f"perturbed-{slug}", title, perturbation=slug)
    for slug, (title, _) in PERTURBATIONS.items()
)
DROPS = tuple(Variant(f"without-{k}", f"without {k}", without=frozenset({k})) for k in KINDS)
