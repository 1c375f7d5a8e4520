"""From the names that real exporters give series to meanings, units and scale."""

import re
from dataclasses import dataclass

from telemetry.types import Semantic

S = Semantic


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name means: multiply by ``scale`` for the unit; ``is_good``: 1 minus it is an error."""

    semantic: Semantic
    unit: str
    scale: float = 1.0
    is_good: bool = False


_TABLE: tuple[tuple[str, Meaning], ...] = (
    (r"(success|availability)", Meaning(S.ERROR_RATIO, "ratio", 1.0, is_good=True)),
    (r"(error|fault|5xx|failure).*(rate|ratio|percent)?", Meaning(S.ERROR_RATIO, "ratio")),
    (r"(p99|lat(ency)?_?99|lat_99).*ms|duration_p99_ms", Meaning(S.LATENCY_P99_SECONDS, "seconds", 0.001)),
    (r"(p50|lat_50|median).*ms", Meaning(S.LATENCY_P50_SECONDS, "seconds", 0.001)),
    (r"(p50|lat_50|latencyp50)", Meaning(S.LATENCY_P50_SECONDS, "seconds")),
    (r"(latency|lat_9\d|duration|response_?time)", Meaning(S.LATENCY_P99_SECONDS, "seconds")),
    (r"(request|workload|ops|qps|rps|throughput|lod|load|traffic)", Meaning(S.REQUEST_RATE, "per_second")),
    (r"throttl", Meaning(S.CPU_THROTTLED_RATIO, "ratio")),
    (r"(pool|conn).*(use|active|usage|saturation)", Meaning(S.DB_CONNECTIONS_IN_USE, "count")),
    (r"(pool|conn).*(max|limit|size)", Meaning(S.DB_CONNECTIONS_MAX, "count")),
    (r"retry|retries", Meaning(S.RETRY_RATE, "per_second")),
    (r"cpu", Meaning(S.CPU_UTILISATION_RATIO, "ratio")),
    (r"mem", Meaning(S.MEMORY_WORKING_SET_BYTES, "bytes")),
    (r"restart", Meaning(S.RESTARTS_TOTAL, "count")),
    (r"disk.*(use|full|percent)", Meaning(S.DISK_USED_RATIO, "ratio")),
    (r"(packet_?loss|drop)", Meaning(S.NETWORK_PACKET_LOSS_RATIO, "ratio")),
    (r"retrans", Meaning(S.NETWORK_RETRANSMIT_RATIO, "ratio")),
    (r"(cache).*(hit)", Meaning(S.CACHE_HIT_RATIO, "ratio")),
    (r"(queue|backlog|lag).*(depth|size|length)?", Meaning(S.QUEUE_DEPTH, "count")),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.I), meaning) for pattern, meaning in _TABLE)


def meaning_of(name: str) -> Meaning | None:
    """Return what a series' name means, or None: then it can still be scanned."""
    for pattern, meaning in _COMPILED:
        if pattern.search(name):
            return meaning
    return None
