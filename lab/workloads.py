"""Workloads: revisions, settings with history, pods, and what each of them does to the physics."""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field

from lab.model import NODES, ServiceSpec, default_config

DAY_STEPS = 43_200
LONG_AGO = -10_000


@dataclass(frozen=True, slots=True)
class Release:
    """What a revision of the code does: factors on the normal behaviour."""

    revision: int
    tag: str
    summary: str
    author: str
    diff: str
    service_factor: float = 1.0
    own_error: float = 0.0
    error_text: str = ""
    leak_bytes_per_second: float = 0.0
    crash_text: str = ""
    log_bytes_factor: float = 1.0
    lock_seconds: float = 0.0


@dataclass(slots=True)
class Pod:
    """One pod: it was started at a step, restarted some times, and may be crashing."""

    name: str
    node: str
    started_step: int
    restarts: int = 0
    last_termination: str = ""
    exit_code: int | None = None
    crash_wait: int = 0
    revision: int = 1
    memory_bytes: float = 0.0


@dataclass(slots=True)
class Rollout:
    """A change of a workload's pods under way: ``replace`` one after another, or ``scale``."""

    workload: str
    kind: str
    start: int
    end: int
    replicas: int = 0
    share: float = 1.0
    replaced: int = 0


@dataclass(slots=True)
class Change:
    """Something that somebody changed, at a step."""

    id: str
    step: int
    kind: str
    workload: str
    summary: str
    author: str
    before: str = ""
    after: str = ""
    diff: str = ""


@dataclass(slots=True)
class ClusterNote:
    """An event of the cluster's journal, at a step."""

    step: int
    workload: str
    pod: str
    reason: str
    message: str
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a workload's pods do together: the mean of their releases, by share of pods."""

    service_factor: float = 1.0
    own_error: float = 0.0
    lock_seconds: float = 0.0
    is_flooding: bool = False


@dataclass(slots=True)
class Workload:
    """A deployment: what it runs and how it is set. ``version`` rises with every change to it."""

    spec: ServiceSpec
    uid: str
    releases: list[Release]
    current: int = 1
    config: dict[str, str] = field(default_factory=dict)
    config_history: list[tuple[int, str, str, str]] = field(default_factory=list)
    replicas: int = 1
    version: int = 1
    pods: list[Pod] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    disk_ratio: float = 0.35
    certificate_end_step: int = 0
    behaviour: Behaviour = Behaviour()
    pod_log: list[tuple[int, tuple[Pod, ...]]] = field(default_factory=list)

    @property
    def release(self) -> Release:
        return self.release_of(self.current)

    @property
    def is_flooding(self) -> bool:
        """Whether it writes far more log output than normal."""
        return self.config["log.level"] == "debug" or self.behaviour.is_flooding

    def release_of(self, revision: int) -> Release:
        """Return a release by its revision: they are numbered from one."""
        return self.releases[revision - 1]

    def pods_changed(self, step: int) -> None:
        """Take note of another set of pods: what they do together, and who ran when."""
        releases = [self.release_of(pod.revision) for pod in self.pods]
        count = max(1, len(releases))
        self.behaviour = Behaviour(
            service_factor=1 + sum(r.service_factor - 1 for r in releases) / count,
            own_error=sum(r.own_error for r in releases) / count,
            lock_seconds=sum(r.lock_seconds for r in releases) / count,
            is_flooding=any(r.log_bytes_factor > 1 for r in releases),
        )
        self.pod_log.append((step, tuple(self.pods)))

    def pods_at(self, step: int) -> tuple[Pod, ...]:
        """Return the pods that ran at a step."""
        at = bisect_right(self.pod_log, step, key=lambda entry: entry[0]) - 1
        return self.pod_log[max(at, 0)][1]

    def config_at(self, key: str, step: int) -> str:
        """Return a setting as it was at a step (``""`` if there is none)."""
        value = self.config.get(key, "")
        for changed, name, before, _ in reversed(self.config_history):
            if name == key and changed > step:
                value = before
        return value

    @property
    def image(self) -> str:
        return f"registry.example/{self.spec.name}:{self.release.tag}"


def make_workload(spec: ServiceSpec, seed: int) -> Workload:
    """Return a workload in its normal state with two old revisions behind it."""
    mark = hashlib.sha256(f"{seed}/{spec.name}".encode()).hexdigest()
    releases = [Release(n, mark[8 * n : 8 * n + 7], f"Release {n}", "ci", "") for n in (1, 2, 3)]
    workload = Workload(
        spec=spec,
        uid=f"{mark[:8]}-{mark[8:12]}-4{mark[13:16]}-a{mark[17:20]}-{mark[20:32]}",
        releases=releases,
        current=3,
        config=default_config(spec),
        replicas=spec.replicas,
    )
    workload.pods = [make_pod(workload, i, step=LONG_AGO) for i in range(spec.replicas)]
    workload.disk_ratio = 0.28 + (int(mark[:4], 16) % 25) / 100
    workload.certificate_end_step = (9 + int(mark[4:8], 16) % 70) * DAY_STEPS
    workload.pods_changed(LONG_AGO)
    return workload


def make_pod(workload: Workload, index: int, *, step: int, avoid: str = "") -> Pod:
    """Return a pod of the workload's current revision on a node chosen by its index."""
    name = workload.spec.name
    mark = hashlib.sha256(f"{workload.uid}/{workload.current}/{index}/{step}".encode()).hexdigest()
    nodes = [node for node in NODES if node != avoid]
    node = nodes[(int(workload.uid[:4], 16) + index) % len(nodes)]
    return Pod(
        name=f"{name}-{mark[:9]}-{mark[9:14]}",
        node=node,
        started_step=step,
        revision=workload.current,
    )


def new_release(workload: Workload, seed: int, **what: object) -> Release:
    """Return the workload's next release with the given effects (not yet rolled out)."""
    number = workload.releases[-1].revision + 1
    tag = hashlib.sha256(f"{seed}/{workload.spec.name}/{number}".encode()).hexdigest()[:7]
    return Release(revision=number, tag=tag, **what)  # type: ignore[arg-type]  # checked by Release
