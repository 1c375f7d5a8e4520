"""From the names that real exporters give series to meanings, units and scale.

The rules are ordered: the first that fits wins, so what is narrow stands before what is wide
(a database's latency before any latency, a memory limit before memory).
"""

import re
from dataclasses import dataclass, replace

from telemetry.types import Semantic

S = Semantic
MEBI = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name means: multiply by ``scale`` for the unit; ``is_good``: 1 minus it is an error."""

    semantic: Semantic
    unit: str
    scale: float = 1.0
    is_good: bool = False


_TABLE: tuple[tuple[str, Semantic], ...] = (
    (r"cert.*expir|expir.*cert|ssl_cert_not_after", S.CERTIFICATE_EXPIRY_SECONDS),
    (r"(tls|ssl)_?handshake.*(fail|err)", S.TLS_HANDSHAKE_FAILURE_RATIO),
    (r"dns.*(fail|err|nxdomain|servfail)", S.DNS_FAILURE_RATIO),
    (r"throttl|cfs", S.CPU_THROTTLED_RATIO),
    (r"repl(ication|ica)?_?lag|seconds_behind", S.DB_REPLICATION_LAG_SECONDS),
    (r"lock.*wait|wait.*lock|deadlock", S.DB_LOCK_WAITS),
    (r"pool.*wait|acquire.*(time|duration|seconds)", S.DB_POOL_WAIT_SECONDS),
    (r"(pool|conn\w*)_.*(max|limit|size)|max_conn", S.DB_CONNECTIONS_MAX),
    (r"(pool|conn\w*)_.*(use|active|busy|usage|saturation)|active_conn|numbackends", S.DB_CONNECTIONS_IN_USE),
    (r"(db|sql|query|statement|postgres|mysql|mongo).*(latency|duration|time).*(9[0-9]|max|ms|sec)",
     S.DB_QUERY_P99_SECONDS),
    (r"cache.*hit|hit.*(ratio|rate)", S.CACHE_HIT_RATIO),
    (r"queue.*(depth|size|length|backlog)|backlog|consumer_lag|messages_ready", S.QUEUE_DEPTH),
    (r"mem.*(limit|max)|limit.*mem", S.MEMORY_LIMIT_BYTES),
    (r"restart", S.RESTARTS_TOTAL),
    (r"replicas?_(ready|available)|(ready|available)_replicas?", S.REPLICAS_READY),
    (r"replicas?_desired|(desired|spec)_replicas?", S.REPLICAS_DESIRED),
    (r"(disk|fs|filesystem|volume|storage).*(io|busy|util\w*_io)", S.DISK_IO_UTILISATION_RATIO),
    (r"(disk|fs|filesystem|volume|storage|pvc).*(use|full|percent|pct|ratio|util)", S.DISK_USED_RATIO),
    (r"packet_?loss|loss_(rate|ratio|p)|packets?_?drop|drop.*packet", S.NETWORK_PACKET_LOSS_RATIO),
    (r"retrans", S.NETWORK_RETRANSMIT_RATIO),
    (r"(?<![a-z])rtt|round_?trip|(?<![a-z])ping", S.NETWORK_RTT_SECONDS),
    (r"retr(y|ies)", S.RETRY_RATE),
    (r"succes+|availability", S.ERROR_RATIO),
    (r"(error|err|fault|5xx|failure|failed).*(ratio|rate|pct|percent|%)", S.ERROR_RATIO),
    (r"(latency|(?<![a-z])lat|duration|response_?time|elapsed).*(p?50|median)|p50.*lat|median", S.LATENCY_P50_SECONDS),
    (r"(latency|(?<![a-z])lat_|duration|response_?time|elapsed)|p(90|95|99)", S.LATENCY_P99_SECONDS),
    (r"cpu", S.CPU_UTILISATION_RATIO),
    (r"mem(?!ber)|(?<![a-z])rss|working_set|heap_?(used|inuse)", S.MEMORY_WORKING_SET_BYTES),
    (r"request|workload|(?<![a-z])(ops|qps|rps|tps|rpm|lod|load|calls|hits)(?![a-z])",
     S.REQUEST_RATE),
    (r"(per_s(ec(ond)?)?|per_min(ute)?)$|throughput|traffic", S.REQUEST_RATE),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.I), semantic) for pattern, semantic in _TABLE)
# A count since the beginning, or of things that are not requests, is no rate or level of these.
_CUMULATIVE = re.compile(r"_(total|count|sum|bucket)$", re.I)
# Memory as a share of an unknown limit has no bytes.
_SHARE = re.compile(r"%|pct|percent|ratio|rate|util", re.I)
_LEVELS = {
    S.REQUEST_RATE, S.RETRY_RATE, S.ERROR_RATIO, S.CPU_UTILISATION_RATIO, S.CPU_THROTTLED_RATIO,
    S.LATENCY_P50_SECONDS, S.LATENCY_P99_SECONDS, S.DB_QUERY_P99_SECONDS,
}  # fmt: skip
_SUFFIXES: tuple[tuple[str, str, float], ...] = (
    (r"(?<![a-z])ms(?![a-z])|millis|milliseconds", "seconds", 1e-3),
    (r"(?<![a-z])(us|µs)(?![a-z])|micros", "seconds", 1e-6),
    (r"(?<![a-z])(ns)(?![a-z])|nanos", "seconds", 1e-9),
    (r"(?<![a-z])(mb|mi|mib)(?![a-z])", "bytes", MEBI),
    (r"(?<![a-z])(kb|ki|kib)(?![a-z])", "bytes", 1024.0),
    (r"(?<![a-z])(gb|gi|gib)(?![a-z])", "bytes", 1024.0 * MEBI),
    (r"%|(?<![a-z])(pct|percent)(?![a-z])", "ratio", 0.01),
    (r"per_min(ute)?|(?<![a-z])rpm(?![a-z])", "per_second", 1 / 60),
)
_SCALES = tuple((re.compile(p, re.I), unit, scale) for p, unit, scale in _SUFFIXES)


def meaning_of(name: str) -> Meaning | None:
    """Return what a series' name means, or None: then it can still be scanned."""
    semantic = next((meaning for pattern, meaning in _COMPILED if pattern.search(name)), None)
    if semantic is None:
        return None
    if semantic in _LEVELS and _CUMULATIVE.search(name):
        return None
    if semantic is S.MEMORY_WORKING_SET_BYTES and _SHARE.search(name):
        return None
    is_good = semantic is S.ERROR_RATIO and bool(re.search("succes|availab", name, re.I))
    found = Meaning(semantic, unit_of(semantic), is_good=is_good)
    for suffix, unit, scale in _SCALES:
        if unit == found.unit and suffix.search(name):
            return replace(found, scale=scale)
    return found


def unit_of(semantic: Semantic) -> str:
    """Return the unit that a meaning's name states."""
    for ending in ("seconds", "bytes", "ratio"):
        if semantic.value.endswith(f"_{ending}"):
            return ending
    return "per_second" if semantic.value.endswith("_rate") else "count"
