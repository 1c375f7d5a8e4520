"""What writes log lines: for each service, when it does (as arrays of steps) and what it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.views.chance import Dice, Steps, mark_of, units
from lab.workloads import Workload
from lab.world import LabWorld

ROUTINE = (
    "request served path=/{word} status=200 duration_ms={ms}",
    "session refreshed user={id}",
    "cache filled key={word}:{id}",
)
WORDS = ("items", "orders", "basket", "prices", "stock", "profile")
DEBUG_LINES_MAX = 5
Says = Callable[[int, Dice], str]


@dataclass(frozen=True, slots=True)
class Source:
    """Lines of one sort from one service.

    Attributes:
        number: Tells the sort apart from the service's others, whatever happens later.
        revision: Only pods of it write them (0: any).
    """

    index: int
    number: int
    severity: str
    steps: Steps
    says: Says
    revision: int = 0


@dataclass(slots=True)
class Desk:
    """One service and the steps at which it may write."""

    world: LabWorld
    index: int
    steps: Steps

    @property
    def workload(self) -> Workload:
        return self.world.workloads[self.world.topology.specs[self.index].name]

    def chance(self, salt: int) -> NDArray[np.float64]:
        return units(mark_of(self.world.seed, self.index, salt), self.steps)

    def service(self, name: str) -> NDArray[np.float32]:
        history = self.world.history
        return np.asarray(history.service_rows[name][self.steps - history.first, self.index])

    def edge(self, name: str, edge: int) -> NDArray[np.float32]:
        history = self.world.history
        return np.asarray(history.edge_rows[name][self.steps - history.first, edge])

    def setting(self, key: str) -> NDArray[np.str_]:
        """Return a setting as it was at each step."""
        workload = self.workload
        values = np.full(len(self.steps), workload.config[key], dtype="<U16")
        for changed, name, before, _ in reversed(workload.config_history):
            if name == key:
                values[self.steps < changed] = before
        return values

    def source(
        self, number: int, severity: str, mask: NDArray[np.bool_], says: Says, revision: int = 0
    ) -> Source:
        return Source(self.index, number, severity, self.steps[mask], says, revision)


def sources_of(desk: Desk) -> Iterator[Source]:
    """Yield everything that writes lines for a service."""
    yield from _routine(desk)
    yield from _releases(desk)
    yield from _strain(desk)
    for edge in desk.world.topology.edges_from(desk.workload.spec.name):
        yield from _calls(desk, edge)


def _routine(desk: Desk) -> Iterator[Source]:
    def served(step: int, dice: Dice) -> str:
        text = ROUTINE[dice.integer(0, len(ROUTINE))]
        word = WORDS[dice.integer(0, len(WORDS))]
        return text.format(word=word, ms=dice.integer(3, 40), id=dice.integer(1000, 99_999))

    def dumped(step: int, dice: Dice) -> str:
        return f"payload dump seq={dice.integer(0, 10**6)} bytes={dice.integer(0, 90_000)}"

    def left(step: int, dice: Dice) -> str:
        return f"slow client disconnected id={dice.integer(0, 9999)}"

    yield desk.source(0, "info", np.ones(len(desk.steps), dtype=bool), served)
    is_debug = desk.setting("log.level") == "debug"
    if is_debug.any():
        count = 3 + np.floor(desk.chance(1) * 3)
        for number in range(DEBUG_LINES_MAX):
            yield desk.source(10 + number, "debug", is_debug & (count > number), dumped)
    calm = desk.service("error_ratio") < 0.01
    yield desk.source(1, "warning", calm & (desk.chance(2) < 0.004), left)


def _releases(desk: Desk) -> Iterator[Source]:
    """Yield starts of pods, and what a release says while pods of it run."""
    workload = desk.workload
    known: set[str] = {pod.name for pod in workload.pod_log[0][1]}
    for step, pods in workload.pod_log[1:]:
        for pod in pods:
            if pod.name not in known:
                known.add(pod.name)
                tag = workload.release_of(pod.revision).tag
                yield _started(desk, step, tag, pod.revision)
    for release in workload.releases:
        if not (release.error_text or release.crash_text):
            continue
        runs = _runs_at(desk, release.revision)
        error, crash = release.error_text, release.crash_text
        if error:
            yield desk.source(
                1000 + release.revision, "error", runs & (desk.chance(3) < 0.9),
                lambda step, dice, text=error: f"unhandled {text} request={dice.token()}",  # type: ignore[misc]
                release.revision,
            )  # fmt: skip
        if crash:
            yield desk.source(
                2000 + release.revision, "error", runs & (desk.chance(4) < 0.4),
                lambda step, dice, text=crash: f"startup failed: {text}",  # type: ignore[misc]
                release.revision,
            )  # fmt: skip


def _started(desk: Desk, step: int, tag: str, revision: int) -> Source:
    in_view = bool(len(desk.steps)) and desk.steps[0] <= step <= desk.steps[-1]
    steps = np.array([step] if in_view else [], dtype=np.int64)
    return Source(desk.index, 2, "info", steps, lambda s, d: f"starting version={tag}", revision)


def _runs_at(desk: Desk, revision: int) -> NDArray[np.bool_]:
    """Return at which steps a pod of a revision ran."""
    runs = np.zeros(len(desk.steps), dtype=bool)
    for since, pods in desk.workload.pod_log:
        runs[desk.steps >= since] = any(pod.revision == revision for pod in pods)
    return runs


def _strain(desk: Desk) -> Iterator[Source]:
    name = desk.workload.spec.name
    used = desk.service("memory_working_set_bytes") / desk.workload.spec.memory_limit_bytes

    def full(step: int, dice: Dice) -> str:
        return f"write /var/lib/{name}/wal: no space left on device"

    def lagging(step: int, dice: Dice) -> str:
        return f"event loop lag {dice.integer(120, 900)} ms"

    def collecting(step: int, dice: Dice) -> str:
        return f"gc: full collection took {dice.integer(180, 950)} ms, little was freed"

    def waiting(step: int, dice: Dice) -> str:
        pid, transaction = dice.integer(900, 2000), dice.integer(100_000, 900_000)
        return (
            f"process {pid} still waiting for ShareLock on transaction {transaction} after 1000 ms"
        )

    yield desk.source(4, "error", desk.service("disk_used_ratio") >= 0.965, full)
    throttled = desk.service("cpu_throttled_ratio") > 0.3
    yield desk.source(5, "warning", throttled & (desk.chance(5) < 0.2), lagging)
    yield desk.source(6, "warning", (used > 0.86) & (desk.chance(6) < 0.3), collecting)
    yield desk.source(7, "warning", desk.service("db_lock_waits") > 1, waiting)


def _calls(desk: Desk, edge: int) -> Iterator[Source]:
    """Yield what a failing call says, by the first reason that fits."""
    error = desk.edge("error_ratio", edge)
    says = (error >= 0.01) & (desk.chance(100 + edge) <= np.minimum(0.9, error * 3))
    if not says.any():
        return
    topology = desk.world.topology
    callee = topology.specs[topology.callees[edge]].name
    workload = desk.workload
    timeout = desk.setting("http.timeout_ms").astype(float)
    reasons: tuple[tuple[str, NDArray[np.bool_], Says], ...] = (
        ("error", desk.edge("tls_handshake_failure_ratio", edge) > 0.2, lambda step, dice: (
            f"tls handshake with {callee} failed: x509: certificate has expired or is not yet "
            "valid")),
        ("error", desk.edge("db_pool_wait_seconds", edge) > 0.1,
         lambda step, dice: _no_connection(callee, workload, step, dice)),
        ("error", desk.edge("latency_p99_seconds", edge) > timeout / 1000, lambda step, dice: (
            f"call to {callee} timed out after {workload.config_at('http.timeout_ms', step)} ms "
            f"attempt={dice.integer(1, 4)}")),
        ("warning", desk.edge("network_packet_loss_ratio", edge) > 0.03,
         lambda step, dice: f"connection to {callee} reset by peer"),
        ("error", np.ones(len(desk.steps), dtype=bool),
         lambda step, dice: f"call to {callee} failed with status 500 request={dice.token()}"),
    )  # fmt: skip
    for number, (severity, fits, text) in enumerate(reasons, 10_000 + edge * 8):
        yield desk.source(number, severity, says & fits, text)
        says = says & ~fits


def _no_connection(callee: str, workload: Workload, step: int, dice: Dice) -> str:
    size = workload.config_at("db.pool_size", step)
    return (
        f"could not get a connection to {callee} from the pool within 500 ms "
        f"(size={size} in_use={size} waiting={dice.integer(4, 60)})"
    )
