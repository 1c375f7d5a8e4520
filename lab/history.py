"""What was measured, step by step: arrays that grow, and forget what is older than the keep."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SERVICE_METRICS = (
    "request_rate", "error_ratio", "latency_p50_seconds", "latency_p99_seconds",
    "cpu_utilisation_ratio", "cpu_throttled_ratio", "memory_working_set_bytes",
    "memory_limit_bytes", "restarts_total", "replicas_ready", "replicas_desired",
    "disk_used_ratio", "queue_depth", "db_lock_waits", "db_connections_in_use",
    "db_query_p99_seconds", "cache_hit_ratio", "gc_pause_seconds_sum", "log_bytes_rate",
    "disk_io_utilisation_ratio", "certificate_expiry_seconds", "db_connections_max",
    "worker_inflight_avg", "page_faults_major_1m",
)  # fmt: skip
EDGE_METRICS = (
    "request_rate", "error_ratio", "latency_p50_seconds", "latency_p99_seconds", "retry_rate",
    "network_packet_loss_ratio", "network_retransmit_ratio", "network_rtt_seconds",
    "tls_handshake_failure_ratio", "db_connections_in_use", "db_connections_max",
    "db_pool_wait_seconds",
)  # fmt: skip
KEEP_STEPS = 3600
CHUNK = 1200
Rows = NDArray[np.float32]


@dataclass(slots=True)
class History:
    """Rows by step. ``first`` is the step of row 0; times are the caller's business."""

    services: int
    edges: int
    first: int = 0
    count: int = 0
    service_rows: dict[str, Rows] = field(default_factory=dict)
    edge_rows: dict[str, Rows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in SERVICE_METRICS:
            self.service_rows[name] = np.zeros((CHUNK, self.services), dtype=np.float32)
        for name in EDGE_METRICS:
            self.edge_rows[name] = np.zeros((CHUNK, self.edges), dtype=np.float32)

    def append(
        self, service: dict[str, NDArray[np.float64]], edge: dict[str, NDArray[np.float64]]
    ) -> None:
        """Add one step's row."""
        if self.count >= len(self.service_rows["request_rate"]):
            self._grow()
        for name, rows in self.service_rows.items():
            rows[self.count] = service[name]
        for name, rows in self.edge_rows.items():
            rows[self.count] = edge[name]
        self.count += 1

    def _grow(self) -> None:
        drop = CHUNK if self.count >= KEEP_STEPS + CHUNK else 0
        for table in (self.service_rows, self.edge_rows):
            for name, rows in table.items():
                kept = rows[drop : self.count]
                more = np.zeros((CHUNK, rows.shape[1]), dtype=np.float32)
                table[name] = np.concatenate([kept, more])
        self.first += drop
        self.count -= drop

    def slice(self, start_step: int, end_step: int) -> slice:
        """Return the rows of steps ``[start, end)``, cut to what is kept."""
        start = min(max(start_step - self.first, 0), self.count)
        return slice(start, min(max(end_step - self.first, start), self.count))
