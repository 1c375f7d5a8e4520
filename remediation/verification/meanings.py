"""How a series is judged after an action, by what it means."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from telemetry.types import Semantic


@dataclass(frozen=True, slots=True)
class Reading:
    """``floor``: the smallest room above the baseline, in the series' unit.

    ``is_lower_worse``: what matters is that it does not fall. ``is_counter``: what matters is how
    much it grows from sample to sample.
    """

    floor: float
    is_lower_worse: bool = False
    is_counter: bool = False

    def of(self, values: Sequence[float]) -> list[float]:
        """Return the values so that higher is worse."""
        if self.is_counter:
            return [b - a if math.isnan(b - a) else max(0.0, b - a) for a, b in pairwise(values)]
        return [-v if self.is_lower_worse else float(v) for v in values]

    def back(self, value: float) -> float:
        """Return a judged value as the series has it."""
        return -value if self.is_lower_worse else value


S = Semantic
# Always watched, whatever raised the alarm.
WATCHED = {S.LATENCY_P99_SECONDS: Reading(0.02), S.ERROR_RATIO: Reading(0.01)}
READINGS = {
    **WATCHED,
    S.LATENCY_P50_SECONDS: Reading(0.02), S.RETRY_RATE: Reading(1.0),
    S.CPU_UTILISATION_RATIO: Reading(0.05), S.CPU_THROTTLED_RATIO: Reading(0.05),
    S.MEMORY_WORKING_SET_BYTES: Reading(20e6), S.RESTARTS_TOTAL: Reading(0.5, is_counter=True),
    S.REPLICAS_READY: Reading(0.5, is_lower_worse=True), S.DISK_USED_RATIO: Reading(0.02),
    S.DISK_IO_UTILISATION_RATIO: Reading(0.05), S.NETWORK_PACKET_LOSS_RATIO: Reading(0.005),
    S.NETWORK_RETRANSMIT_RATIO: Reading(0.005), S.NETWORK_RETRANSMIT_RATE: Reading(1.0),
    S.NETWORK_RTT_SECONDS: Reading(0.005), S.TLS_HANDSHAKE_FAILURE_RATIO: Reading(0.01),
    S.CERTIFICATE_EXPIRY_SECONDS: Reading(86_400.0, is_lower_worse=True),
    S.DNS_FAILURE_RATIO: Reading(0.01), S.DB_CONNECTIONS_IN_USE: Reading(2.0),
    S.DB_POOL_WAIT_SECONDS: Reading(0.02), S.DB_LOCK_WAITS: Reading(2.0),
    S.DB_QUERY_P99_SECONDS: Reading(0.02), S.DB_REPLICATION_LAG_SECONDS: Reading(5.0),
    S.QUEUE_DEPTH: Reading(10.0), S.CACHE_HIT_RATIO: Reading(0.05, is_lower_worse=True),
}  # fmt: skip


UNITS = re.compile(r"_(seconds|bytes|total)(?= |$)")


def plain(metric: str) -> str:
    """Return a series' name as people say it: without its unit."""
    return UNITS.sub("", metric).replace("_", " ")


def trigger_of(semantic: str) -> Semantic | None:
    """Return what the series that raised the alarm means, if it can be judged."""
    return Semantic(semantic) if semantic in {str(s) for s in READINGS} else None
