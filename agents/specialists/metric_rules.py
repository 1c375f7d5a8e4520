"""What counts as abnormal in a metric: one declarative row per feature."""

from dataclasses import dataclass
from enum import StrEnum

from telemetry.types import Semantic


class RuleShape(StrEnum):
    """SHIFT: against the baseline. LEVEL: beyond a fixed level. RAMP: steady growth. COUNT: rises."""

    SHIFT = "shift"
    LEVEL = "level"
    RAMP = "ramp"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class MetricRule:
    """When a series shows a feature.

    Attributes:
        min_ratio: SHIFT: smallest peak over baseline (largest, when falling). RAMP: growth share.
        min_delta: SHIFT, LEVEL: smallest peak minus baseline, in the series' unit.
        level: LEVEL: the peak must reach it (or fall to it, when falling). COUNT: the increase.
        min_score: SHIFT, LEVEL: smallest distance in robust standard deviations.
        phrase: Claim; may use ``{name}``, ``{peer}``, ``{base}``, ``{peak}``, ``{ratio}``,
            ``{at}``.
    """

    feature: str
    semantic: Semantic
    shape: RuleShape
    phrase: str
    min_ratio: float = 0.0
    min_delta: float = 0.0
    level: float = 0.0
    min_score: float = 5.0
    falling: bool = False


S, R = Semantic, RuleShape
RULES: tuple[MetricRule, ...] = (
    MetricRule("latency_rise", S.LATENCY_P99_SECONDS, R.SHIFT,
               "p99 of {name} rose from {base} to {peak} ({ratio}) at {at}", 1.6, 0.02),
    MetricRule("error_rise", S.ERROR_RATIO, R.LEVEL,
               "Errors of {name} rose from {base} to {peak} at {at}", min_delta=0.02, level=0.02),
    MetricRule("traffic_drop", S.REQUEST_RATE, R.SHIFT,
               "Traffic of {name} fell from {base} to {peak} at {at}", 0.4, 0.5, falling=True),
    MetricRule("packet_loss", S.NETWORK_PACKET_LOSS_RATIO, R.LEVEL,
               "Packet loss {name} to {peer} reached {peak} at {at} (baseline {base})",
               min_delta=0.01, level=0.015),
    MetricRule("retransmit_rise", S.NETWORK_RETRANSMIT_RATIO, R.LEVEL,
               "Retransmissions {name} to {peer} reached {peak} at {at} (baseline {base})",
               min_delta=0.015, level=0.02),
    MetricRule("rtt_rise", S.NETWORK_RTT_SECONDS, R.SHIFT,
               "Round trips {name} to {peer} rose from {base} to {peak} ({ratio}) at {at}", 2.0, 0.005),
    MetricRule("tls_failure", S.TLS_HANDSHAKE_FAILURE_RATIO, R.LEVEL,
               "TLS handshakes {name} to {peer}: {peak} fail since {at}", min_delta=0.05,
               level=0.05),
    MetricRule("certificate_expired", S.CERTIFICATE_EXPIRY_SECONDS, R.LEVEL,
               "The certificate of {name} ran out: {peak} left", level=0.0, min_score=0.0,
               falling=True),
    MetricRule("dns_failure", S.DNS_FAILURE_RATIO, R.LEVEL,
               "Name lookups of {name}: {peak} fail since {at}", min_delta=0.05, level=0.05),
    MetricRule("pool_wait_rise", S.DB_POOL_WAIT_SECONDS, R.SHIFT,
               "{name} waits {peak} for a connection to {peer} since {at} (baseline {base})",
               3.0, 0.02),
    MetricRule("query_latency_rise", S.DB_QUERY_P99_SECONDS, R.SHIFT,
               "p99 of queries on {name} rose from {base} to {peak} ({ratio}) at {at}", 1.8, 0.005),
    MetricRule("lock_wait", S.DB_LOCK_WAITS, R.LEVEL,
               "{peak} sessions of {name} wait for locks since {at} (baseline {base})",
               min_delta=1.0, level=1.0),
    MetricRule("replication_lag", S.DB_REPLICATION_LAG_SECONDS, R.LEVEL,
               "The replica of {name} lags {peak} since {at}", min_delta=5.0, level=10.0),
    MetricRule("cache_miss_rise", S.CACHE_HIT_RATIO, R.SHIFT,
               "Cache hits of {name} fell from {base} to {peak} at {at}", 0.85, 0.1, falling=True),
    MetricRule("cpu_saturation", S.CPU_UTILISATION_RATIO, R.LEVEL,
               "CPU of {name} reached {peak} at {at} (baseline {base})", min_delta=0.15,
               level=0.88),
    MetricRule("cpu_throttling", S.CPU_THROTTLED_RATIO, R.LEVEL,
               "CPU of {name} is throttled {peak} of the time since {at} (baseline {base})",
               min_delta=0.08, level=0.12),
    MetricRule("memory_ramp", S.MEMORY_WORKING_SET_BYTES, R.RAMP,
               "Memory of {name} grew steadily from {base} to {peak} since {at}", 0.3),
    MetricRule("restart_increase", S.RESTARTS_TOTAL, R.COUNT,
               "Pods of {name} restarted {peak} times since {at}", level=1.0),
    MetricRule("disk_near_full", S.DISK_USED_RATIO, R.LEVEL,
               "A volume of {name} is {peak} full (baseline {base})", min_delta=0.05, level=0.9),
    MetricRule("disk_io_saturation", S.DISK_IO_UTILISATION_RATIO, R.LEVEL,
               "Disk I/O of {name} reached {peak} at {at} (baseline {base})", min_delta=0.2,
               level=0.85),
)  # fmt: skip
