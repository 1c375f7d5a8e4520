"""What is measured of each step: series of services and edges, with a little noise on each."""

from typing import TYPE_CHECKING

import numpy as np

from lab.model import DATABASE_CONNECTIONS_MAX, DATABASE_NAME, STEP_SECONDS, Floats
from lab.operations import lock_holders
from lab.physics import EDGE_RTT_SECONDS, Conditions

if TYPE_CHECKING:
    from lab.world import LabWorld

CLIENT_GIVES_UP_SECONDS = 10.0


def measure(world: "LabWorld", given: Conditions, memory: Floats) -> None:
    """Write one row of history."""
    services = _services(world, given, memory)
    edges = _edges(world, given)
    world.history.append(services | _more(world), edges)


def _noisy(random: np.random.Generator, values: Floats, size: float) -> Floats:
    return np.maximum(values * (1 + size * random.standard_normal(len(values))), 0.0)


def _p99(mean_seconds: Floats) -> Floats:
    return np.minimum(mean_seconds * 2.6, CLIENT_GIVES_UP_SECONDS)


def _services(world: "LabWorld", given: Conditions, memory: Floats) -> dict[str, Floats]:
    topology, state, random = world.topology, world.state, world.random
    n = topology.size
    loads = [world.workloads[spec.name] for spec in topology.specs]
    to_database = topology.to_database
    database = topology.index[DATABASE_NAME]
    in_use, waits, lock_waits = np.zeros(n), np.zeros(n), np.zeros(n)
    in_use[database] = state.pool_in_use[to_database].sum()
    lock_waits[database] = sum(3.0 + 6.0 * s for _, s in lock_holders(world))
    waits[database] = float(np.mean(given.edge_delay[to_database])) + state.latency[database]
    log_factor = np.array([8.0 if w.is_flooding else 1.0 for w in loads])
    limits = np.array([spec.memory_limit_bytes for spec in topology.specs])
    return {
        "request_rate": _noisy(random, state.rate, 0.02),
        "error_ratio": np.clip(_noisy(random, state.error, 0.08), 0, 1),
        "latency_p50_seconds": _noisy(random, state.latency * 0.8, 0.03),
        "latency_p99_seconds": _noisy(random, _p99(state.latency), 0.05),
        "cpu_utilisation_ratio": np.clip(_noisy(random, state.cpu, 0.04), 0, 1),
        "cpu_throttled_ratio": np.clip(_noisy(random, state.throttled, 0.05) + 0.002, 0, 1),
        "memory_working_set_bytes": memory,
        "memory_limit_bytes": limits,
        "restarts_total": np.array([float(sum(p.restarts for p in w.pods)) for w in loads]),
        "replicas_ready": given.ready,
        "replicas_desired": np.array([float(w.replicas) for w in loads]),
        "disk_used_ratio": np.array([w.disk_ratio for w in loads]),
        "queue_depth": np.maximum(_noisy(random, state.rho * 4, 0.2), 0),
        "db_lock_waits": lock_waits,
        "db_connections_in_use": in_use,
        "db_query_p99_seconds": _noisy(random, waits * 2.4, 0.06),
        "cache_hit_ratio": np.clip(0.94 + 0.004 * random.standard_normal(n), 0, 1),
        "gc_pause_seconds_sum": _noisy(random, memory / limits * 0.004, 0.1),
        "log_bytes_rate": _noisy(random, state.rate * 180 * log_factor, 0.05),
    }


def _edges(world: "LabWorld", given: Conditions) -> dict[str, Floats]:
    topology, state, random = world.topology, world.state, world.random
    pool_size = np.where(np.isfinite(given.pool_size), given.pool_size, 0.0)
    rtt = EDGE_RTT_SECONDS * (1 + 2.0 * given.loss) + given.network_delay
    return {
        "request_rate": _noisy(random, state.edge_rate, 0.02),
        "error_ratio": np.clip(_noisy(random, state.edge_error, 0.08), 0, 1),
        "latency_p50_seconds": _noisy(random, state.edge_latency * 0.8, 0.03),
        "latency_p99_seconds": _noisy(random, _p99(state.edge_latency), 0.05),
        "retry_rate": _noisy(random, state.retry_rate, 0.05),
        "network_packet_loss_ratio": np.clip(_noisy(random, given.loss, 0.08), 0, 1),
        "network_retransmit_ratio": np.clip(_noisy(random, given.loss * 1.2 + 0.0008, 0.1), 0, 1),
        "network_rtt_seconds": _noisy(random, rtt, 0.08),
        "tls_handshake_failure_ratio": np.clip(_noisy(random, given.tls_failure, 0.01), 0, 1),
        "db_connections_in_use": state.pool_in_use,
        "db_connections_max": pool_size * given.ready[topology.callers],
        "db_pool_wait_seconds": _noisy(random, state.pool_wait + 0.0004, 0.1),
    }


def _more(world: "LabWorld") -> dict[str, Floats]:
    """Return what has a source of noise of its own."""
    topology, state, random = world.topology, world.state, world.more_random
    n = topology.size
    loads = [world.workloads[spec.name] for spec in topology.specs]
    writing = np.array([0.25 * w.is_flooding for w in loads])
    writing[topology.index[DATABASE_NAME]] += 0.3
    capacity = np.zeros(n)
    capacity[topology.index[DATABASE_NAME]] = DATABASE_CONNECTIONS_MAX
    left = np.array([(w.certificate_end_step - world.step) * STEP_SECONDS for w in loads])
    return {
        "disk_io_utilisation_ratio": np.clip(_noisy(random, 0.06 + writing, 0.12), 0, 1),
        "certificate_expiry_seconds": left,
        "db_connections_max": capacity,
        "worker_inflight_avg": _noisy(random, state.rate * state.latency, 0.08),
        "page_faults_major_1m": np.floor(random.gamma(1.2, 2.0, n)),
    }
