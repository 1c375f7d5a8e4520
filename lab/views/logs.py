"""Log lines that follow from the state: written on demand, the same every time for a seed."""

from collections.abc import Sequence

import numpy as np

from lab.model import DATABASE_NAME
from lab.views.metrics import ref_of
from lab.world import LabWorld
from telemetry.types import LogLine, ResourceRef, TimeWindow

EVERY_STEPS = 3
ROUTINE = (
    "request served path=/{word} status=200 duration_ms={ms}",
    "session refreshed user={id}",
    "cache filled key={word}:{id}",
)
WORDS = ("items", "orders", "basket", "prices", "stock", "profile")


def lines(
    world: LabWorld, resources: Sequence[ResourceRef], window: TimeWindow, min_severity: str
) -> list[LogLine]:
    """Return the lines of the resources in the window, oldest first."""
    names = {r.name for r in resources}
    start, end = world.step_of(window.start), world.step_of(window.end)
    first = max(start, world.history.first)
    found: list[tuple[int, LogLine]] = []
    for index, spec in enumerate(world.topology.specs):
        if (names and spec.name not in names) or spec.kind == "external":
            continue
        for step in range(first - first % EVERY_STEPS, min(end, world.step), EVERY_STEPS):
            if step >= first:
                found += [(step, x) for x in _at_step(world, index, step, min_severity)]
    found.sort(key=lambda item: item[0])
    return [line for _, line in found]


def _at_step(world: LabWorld, index: int, step: int, min_severity: str) -> list[LogLine]:
    random = np.random.default_rng([world.seed, index, step])
    row = step - world.history.first
    history = world.history
    made: list[tuple[str, str]] = []
    if not min_severity:
        text = ROUTINE[int(random.integers(len(ROUTINE)))]
        made.append(("info", text.format(word=WORDS[int(random.integers(6))],
                                         ms=int(random.integers(3, 40)),
                                         id=int(random.integers(1000, 99999)))))  # fmt: skip
        made += _debug(world, index, step, random)
    made += _own_errors(world, index, row, random)
    for edge in world.topology.edges_from(world.topology.specs[index].name):
        made += _edge_errors(world, edge, row, random)
    if random.random() < 0.004 and history.service_rows["error_ratio"][row, index] < 0.01:
        made.append(("warning", f"slow client disconnected id={int(random.integers(9999))}"))
    at, ref = world.at(step), ref_of(world, index)
    pods = world.workloads[ref.name].pods
    pod = pods[int(random.integers(len(pods)))].name if pods else ""
    return [LogLine(at, ref, severity, body, pod=pod) for severity, body in made]


def _debug(
    world: LabWorld, index: int, step: int, random: np.random.Generator
) -> list[tuple[str, str]]:
    workload = world.workloads[world.topology.specs[index].name]
    changes = [(s, new) for s, key, _, new in workload.config_history if key == "log.level"]
    level = next((new for s, new in reversed(changes) if s <= step), "info")
    if level != "debug":
        return []
    count = int(random.integers(3, 6))
    return [("debug", f"payload dump seq={int(random.integers(1_000_000))} bytes={int(random.integers(90_000))}")
            for _ in range(count)]  # fmt: skip


def _own_errors(
    world: LabWorld, index: int, row: int, random: np.random.Generator
) -> list[tuple[str, str]]:
    spec = world.topology.specs[index]
    workload = world.workloads[spec.name]
    service = world.history.service_rows
    step = row + world.history.first
    made: list[tuple[str, str]] = []
    born = {p.revision: p.started_step for p in workload.pods}
    for release in workload.releases:
        if release.revision not in born or step < _first_step(world, spec.name, release.tag):
            continue
        if release.error_text and random.random() < 0.9:
            made.append(("error", f"unhandled {release.error_text} request={_id(random)}"))
        if release.crash_text and random.random() < 0.4:
            made.append(("error", f"startup failed: {release.crash_text}"))
    if service["disk_used_ratio"][row, index] >= 0.965:
        made.append(("error", f"write /var/lib/{spec.name}/wal: no space left on device"))
    if service["cpu_throttled_ratio"][row, index] > 0.3 and random.random() < 0.2:
        made.append(("warning", f"event loop lag {int(random.integers(120, 900))} ms"))
    if spec.name == DATABASE_NAME and service["db_lock_waits"][row, index] > 1:
        pid = int(random.integers(900, 2000))
        made.append(("warning", f"process {pid} still waiting for ShareLock on transaction "
                                f"{int(random.integers(100_000, 900_000))} after 1000 ms"))  # fmt: skip
    return made


def _first_step(world: LabWorld, name: str, tag: str) -> int:
    steps = [c.step for c in world.changes if c.workload == name and c.after == tag]
    return min(steps) if steps else 0


def _edge_errors(
    world: LabWorld, edge: int, row: int, random: np.random.Generator
) -> list[tuple[str, str]]:
    rows = world.history.edge_rows
    topology = world.topology
    error = float(rows["error_ratio"][row, edge])
    if error < 0.01 or random.random() > min(0.9, error * 3):
        return []
    callee = topology.specs[topology.callees[edge]].name
    caller = world.workloads[topology.specs[topology.callers[edge]].name]
    if rows["tls_handshake_failure_ratio"][row, edge] > 0.2:
        text = (
            f"tls handshake with {callee} failed: x509: certificate has expired or is not yet valid"
        )
        return [("error", text)]
    if rows["db_pool_wait_seconds"][row, edge] > 0.1:
        size = caller.config.get("db.pool_size", "?")
        return [("error", f"could not get a connection to {callee} from the pool within 500 ms "
                          f"(size={size} in_use={size} waiting={int(random.integers(4, 60))})")]  # fmt: skip
    timeout = float(caller.config["http.timeout_ms"]) / 1000
    if rows["latency_p99_seconds"][row, edge] > timeout:
        return [("error", f"call to {callee} timed out after {int(timeout * 1000)} ms "
                          f"attempt={int(random.integers(1, 4))}")]  # fmt: skip
    if rows["network_packet_loss_ratio"][row, edge] > 0.03:
        return [("warning", f"connection to {callee} reset by peer")]
    return [("error", f"call to {callee} failed with status 500 request={_id(random)}")]


def _id(random: np.random.Generator) -> str:
    return f"{int(random.integers(1 << 32)):08x}"
