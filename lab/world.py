"""The practice system in motion: time, faults, workloads, and what is measured of them."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from lab import dynamics
from lab.decoys import add_decoys, add_later_decoys
from lab.history import History
from lab.model import DATABASE_NAME, EXTERNAL_NAME, STEP_SECONDS, build_topology
from lab.physics import StepState, start_state
from lab.workloads import Change, ClusterNote, Rollout, Workload, make_workload

BACKFILL_STEPS = 930
MAX_CATCH_UP_STEPS = 400


@dataclass(slots=True)
class Fault:
    """Something that goes wrong outside any release or setting, until it ends or is cleared.

    ``kind``: ``loss``, ``delay``, ``tls``, ``surge``, ``slow``. ``target`` is a service, or an
    edge as ``caller>callee`` (``*>callee`` for every caller). ``cleared_by`` is the workload whose
    restart ends it.
    """

    kind: str
    target: str
    size: float
    start: int
    end: int | None = None
    cleared_by: str = ""
    ramp_steps: int = 0

    def level(self, step: int) -> float:
        """Return how much of it acts at a step, 0..1."""
        if step < self.start or (self.end is not None and step >= self.end):
            return 0.0
        return min(1.0, (step - self.start + 1) / self.ramp_steps) if self.ramp_steps else 1.0


@dataclass(frozen=True, slots=True)
class ScenarioTruth:
    """What is really wrong. For tests and tables only: no interface of the lab tells it."""

    scenario: str
    resource: str
    fault_class: str
    onset_step: int


@dataclass
class LabWorld:
    """A small production system. Deterministic by seed, scenario and the steps of actions.

    It begins without history at ``anchor``: call :meth:`reset` or :meth:`start` for half an hour
    of it. Not safe for threads by itself: hold ``lock`` around reads and writes.
    """

    seed: int = 1
    services: int = 0
    anchor: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._fresh(self.seed)

    def reset(self, *, seed: int, now: datetime) -> None:
        """Begin anew, quiet, with half an hour of normal history before ``now``."""
        self._fresh(seed)
        self.anchor = now - timedelta(seconds=BACKFILL_STEPS * STEP_SECONDS)
        self.run_to(BACKFILL_STEPS)

    def _fresh(self, seed: int) -> None:
        self.seed = seed
        self.generation = getattr(self, "generation", 0) + 1
        self.random = np.random.default_rng(seed)
        self.more_random = np.random.default_rng([seed, 2])
        self.topology = build_topology(self.services)
        self.workloads: dict[str, Workload] = {
            spec.name: make_workload(spec, seed) for spec in self.topology.specs
        }
        self.state: StepState = start_state(self.topology)
        self.history = History(self.topology.size, len(self.topology.fan))
        self.step = 0
        self.faults: list[Fault] = []
        self.rollouts: list[Rollout] = []
        self.changes: list[Change] = []
        self.notes: list[ClusterNote] = []
        self.applied: dict[str, dict[str, object]] = {}
        self.schedule: dict[int, list[dynamics.Happening]] = {}
        self.truth: ScenarioTruth | None = None
        self.scenario = ""

    def start(self, slug: str, *, now: datetime, seed: int | None = None) -> None:
        """Start a scenario: back-fill normal history, then the fault, up to ``now``.

        Raises:
            KeyError: There is no such scenario.
        """
        from lab.scenarios import SCENARIOS  # noqa: PLC0415  # scenarios import this module

        scenario = SCENARIOS[slug]
        self._fresh(self.seed if seed is None else seed)
        self.anchor = now - timedelta(seconds=BACKFILL_STEPS * STEP_SECONDS)
        self.scenario = slug
        picker = np.random.default_rng([self.seed, sum(map(ord, slug))])
        onset = BACKFILL_STEPS - int(picker.integers(*scenario.onset_age_steps))
        add_decoys(self, picker, onset)
        resource = scenario.arrange(self, picker, onset)
        add_later_decoys(self, onset, spare=resource.rpartition("/")[2])
        self.truth = ScenarioTruth(slug, resource, scenario.fault_class, onset)
        self.run_to(BACKFILL_STEPS)

    def at(self, step: int) -> datetime:
        """Return the time of a step."""
        return self.anchor + timedelta(seconds=step * STEP_SECONDS)

    def step_of(self, at: datetime) -> int:
        """Return the first step at or after a time."""
        return int(np.ceil((at - self.anchor).total_seconds() / STEP_SECONDS - 1e-6))

    def advance_to(self, now: datetime) -> None:
        """Run up to a time; a long sleep is skipped over, not simulated step by step."""
        target = self.step_of(now)
        if target - self.step > MAX_CATCH_UP_STEPS:
            skipped = target - self.step - MAX_CATCH_UP_STEPS
            self.anchor += timedelta(seconds=skipped * STEP_SECONDS)
            target -= skipped
        self.run_to(target)

    def run_to(self, step: int) -> None:
        """Run until ``step`` steps have been measured."""
        while self.step < step:
            for happening in self.schedule.pop(self.step, []):
                happening(self)
            dynamics.take_step(self)
            self.step += 1

    def plan(self, step: int, happening: "dynamics.Happening") -> None:
        """Let something happen at a later step."""
        self.schedule.setdefault(step, []).append(happening)

    def note(
        self, workload: str, reason: str, message: str, *, pod: str = "", is_warning: bool = False
    ) -> None:
        """Write an event of the cluster's journal."""
        self.notes.append(ClusterNote(self.step, workload, pod, reason, message, is_warning))
        del self.notes[:-800]

    def is_managed(self, name: str) -> bool:
        """Whether the cluster runs it (the bank is somebody else's)."""
        return name in self.workloads and name not in {EXTERNAL_NAME}

    @property
    def database(self) -> Workload:
        return self.workloads[DATABASE_NAME]
