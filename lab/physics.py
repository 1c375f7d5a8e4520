"""One step of the queueing model: load down the graph, latency and errors up, retries back.

All arrays are per service (n,) or per edge (e,). The model is small on purpose, and coherent: a
slow callee slows its callers, a full pool queues, a timeout is an error, and a retry is load.
"""

from dataclasses import dataclass, field

import numpy as np

from lab.model import Floats, Topology

DEPTH = 6
MAX_QUEUE_FACTOR = 40.0
EDGE_RTT_SECONDS = 0.0006
HOLD_FACTOR = 32.0


@dataclass(slots=True)
class Conditions:
    """Everything that workloads, settings and faults set, for one step."""

    service_factor: Floats
    own_error: Floats
    ready: Floats
    cpu_limit: Floats
    external_rate: Floats
    query_factor: Floats
    extra_latency: Floats
    pool_size: Floats
    retries_max: Floats
    retry_budget: Floats
    timeout_seconds: Floats
    loss: Floats
    edge_delay: Floats
    network_delay: Floats
    tls_failure: Floats


@dataclass(slots=True)
class StepState:
    """What the model remembers from one step to the next, and what it measured."""

    rate: Floats
    edge_rate: Floats
    edge_error: Floats
    edge_latency: Floats
    latency: Floats
    error: Floats
    rho: Floats
    retry_rate: Floats
    pool_in_use: Floats
    pool_wait: Floats
    throttled: Floats
    cpu: Floats = field(default_factory=lambda: np.zeros(0))


def start_state(topology: Topology) -> StepState:
    """Return a quiet beginning."""
    n, e = topology.size, len(topology.fan)
    zeros, edges = np.zeros(n), np.zeros(e)
    base = np.array([spec.service_seconds for spec in topology.specs])
    return StepState(
        rate=zeros.copy(), edge_rate=edges.copy(), edge_error=edges.copy(),
        edge_latency=edges + 0.01, latency=base.copy(), error=zeros.copy(), rho=zeros.copy(),
        retry_rate=edges.copy(), pool_in_use=edges.copy(), pool_wait=edges.copy(),
        throttled=zeros.copy(), cpu=zeros.copy(),
    )  # fmt: skip


def advance(topology: Topology, given: Conditions, was: StepState) -> StepState:
    """Return the state one step later. Retries use the edge errors of the step before."""
    edge_rate, retry_rate, rate = _load(topology, given, was)
    own, rho, throttled, cpu = _own_latency(topology, given, rate)
    pool_in_use, pool_wait = _pools(topology, given, edge_rate, was)
    latency, edge_latency = _latency(topology, given, own, pool_wait)
    edge_error, error = _errors(topology, given, edge_latency, rho, was)
    return StepState(
        rate=rate, edge_rate=edge_rate, edge_error=edge_error, edge_latency=edge_latency,
        latency=latency, error=error, rho=rho, retry_rate=retry_rate, pool_in_use=pool_in_use,
        pool_wait=pool_wait, throttled=throttled, cpu=cpu,
    )  # fmt: skip


def _load(topology: Topology, given: Conditions, was: StepState) -> tuple[Floats, Floats, Floats]:
    failing = np.clip(was.edge_error, 0.0, 0.98)
    # Expected extra attempts of a call that is retried up to r times and fails with p each time.
    extra = failing * (1 - failing**given.retries_max) / (1 - failing)
    # Clients that back off also keep a budget: only so much of the load may be retries.
    extra = np.minimum(extra, given.retry_budget)
    rate = given.external_rate.copy()
    for _ in range(DEPTH):
        edge_rate = rate[topology.callers] * topology.fan * (1 + extra)
        # A call whose handshake fails never reaches the callee.
        landed = edge_rate * (1 - np.clip(given.tls_failure, 0.0, 1.0))
        arriving = np.bincount(topology.callees, weights=landed, minlength=topology.size)
        rate = given.external_rate + arriving
    return edge_rate, edge_rate * extra / (1 + extra), rate


def _own_latency(
    topology: Topology, given: Conditions, rate: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    base = np.array([spec.service_seconds for spec in topology.specs])
    threads = np.array([spec.threads for spec in topology.specs], dtype=float)
    work = base * given.service_factor * given.query_factor
    ready = np.maximum(given.ready, 0.05)
    # Cores wanted per replica: half of a service's time is computing, the rest is waiting.
    cores_wanted = rate * base * given.service_factor * 1.1 / ready
    shortage = np.maximum(cores_wanted / np.maximum(given.cpu_limit, 0.01), 1e-6)
    throttled = np.clip((shortage - 0.65) / 0.9, 0.0, 0.95)
    work = work * (1 + 9.0 * throttled**1.5)
    rho = rate * work / (ready * threads)
    queue = np.minimum(1 / np.maximum(1 - np.minimum(rho, 0.975) ** 3, 0.025), MAX_QUEUE_FACTOR)
    cpu = np.clip(cores_wanted / np.maximum(given.cpu_limit, 0.01), 0.01, 1.0)
    return work * queue + given.extra_latency, rho, throttled, cpu


def _pools(
    topology: Topology, given: Conditions, edge_rate: Floats, was: StepState
) -> tuple[Floats, Floats]:
    # A transaction holds its connection for many statements and for the work between them.
    held = edge_rate * np.maximum(was.edge_latency - was.pool_wait, 0.001) * HOLD_FACTOR
    has_pool = np.isfinite(given.pool_size)
    size = np.where(
        has_pool, given.pool_size * np.maximum(given.ready[topology.callers], 0.05), 1.0
    )
    load = np.where(has_pool, held / size, 0.0)
    in_use = np.where(has_pool, np.minimum(held, size), 0.0)
    excess = np.maximum(load - 0.85, 0.0)
    target = np.where(has_pool, np.minimum(excess * 1.8, 2.5), 0.0)
    return in_use, 0.5 * was.pool_wait + 0.5 * target


def _latency(
    topology: Topology, given: Conditions, own: Floats, pool_wait: Floats
) -> tuple[Floats, Floats]:
    loss_delay = given.loss * 1.6 + given.edge_delay + given.network_delay
    latency = own.copy()
    for _ in range(DEPTH):
        edge_latency = EDGE_RTT_SECONDS + loss_delay + pool_wait + latency[topology.callees]
        waited = np.minimum(edge_latency, given.timeout_seconds) * np.minimum(topology.fan, 1.0)
        below = np.bincount(topology.callers, weights=waited, minlength=topology.size)
        latency = own + below
    return latency, edge_latency


def _errors(
    topology: Topology, given: Conditions, edge_latency: Floats, rho: Floats, was: StepState
) -> tuple[Floats, Floats]:
    overload = np.clip((rho - 0.97) * 0.5, 0.0, 0.6)
    own = 1 - (1 - given.own_error) * (1 - overload)
    # Latencies are spread: calls time out well before the mean reaches the timeout.
    timed_out = 1 / (1 + np.exp(-6.0 * (edge_latency / given.timeout_seconds - 1.0)))
    timed_out = np.where(edge_latency < 0.35 * given.timeout_seconds, 0.0, timed_out)
    error = own.copy()
    lost = np.clip(given.loss * 0.35, 0, 1)
    for _ in range(DEPTH):
        good = (1 - timed_out) * (1 - given.tls_failure) * (1 - lost)
        edge_error = 1 - good * (1 - error[topology.callees])
        # What retries could not save reaches the caller's own answer.
        left = edge_error ** (1 + np.minimum(given.retries_max, 3.0) * 0.5)
        seen = np.clip(left * np.minimum(topology.fan, 1.0), 0.0, 0.999)
        kept = np.ones(topology.size)
        np.multiply.at(kept, topology.callers, 1 - seen)
        error = 1 - (1 - own) * kept
    smooth = 0.5 * was.edge_error + 0.5 * edge_error
    return smooth, error
