"""What a series means, whatever its back end calls it."""

from enum import StrEnum


class Semantic(StrEnum):
    """Back-end independent meanings of a series. Ratios are 0..1, never percent."""

    REQUEST_RATE = "request_rate"
    ERROR_RATIO = "error_ratio"
    LATENCY_P50_SECONDS = "latency_p50_seconds"
    LATENCY_P99_SECONDS = "latency_p99_seconds"
    RETRY_RATE = "retry_rate"
    CPU_UTILISATION_RATIO = "cpu_utilisation_ratio"
    CPU_THROTTLED_RATIO = "cpu_throttled_ratio"
    MEMORY_WORKING_SET_BYTES = "memory_working_set_bytes"
    MEMORY_LIMIT_BYTES = "memory_limit_bytes"
    RESTARTS_TOTAL = "restarts_total"
    REPLICAS_READY = "replicas_ready"
    REPLICAS_DESIRED = "replicas_desired"
    DISK_USED_RATIO = "disk_used_ratio"
    DISK_IO_UTILISATION_RATIO = "disk_io_utilisation_ratio"
    NETWORK_PACKET_LOSS_RATIO = "network_packet_loss_ratio"
    NETWORK_RETRANSMIT_RATIO = "network_retransmit_ratio"
    NETWORK_RETRANSMIT_RATE = "network_retransmit_rate"
    NETWORK_RTT_SECONDS = "network_rtt_seconds"
    TLS_HANDSHAKE_FAILURE_RATIO = "tls_handshake_failure_ratio"
    CERTIFICATE_EXPIRY_SECONDS = "certificate_expiry_seconds"
    DNS_FAILURE_RATIO = "dns_failure_ratio"
    DB_CONNECTIONS_IN_USE = "db_connections_in_use"
    DB_CONNECTIONS_MAX = "db_connections_max"
    DB_POOL_WAIT_SECONDS = "db_pool_wait_seconds"
    DB_LOCK_WAITS = "db_lock_waits"
    DB_QUERY_P99_SECONDS = "db_query_p99_seconds"
    DB_REPLICATION_LAG_SECONDS = "db_replication_lag_seconds"
    QUEUE_DEPTH = "queue_depth"
    CACHE_HIT_RATIO = "cache_hit_ratio"


# They only rise: a mean of their samples is no count.
COUNTERS = frozenset({Semantic.RESTARTS_TOTAL})
