"""What a series is called, and how its newest value stands to what is usual for it."""

import re
from itertools import pairwise
from statistics import median

LABELS = {
    "latency_p99_seconds": "p99 latency", "latency_p50_seconds": "p50 latency",
    "error_ratio": "error rate", "request_rate": "requests / s", "retry_rate": "retries / s",
    "cpu_utilisation_ratio": "CPU", "cpu_throttled_ratio": "CPU throttled",
    "memory_working_set_bytes": "memory", "restarts_total": "restarts",
    "replicas_ready": "pods ready", "disk_used_ratio": "disk used",
    "disk_io_utilisation_ratio": "disk I/O", "network_packet_loss_ratio": "packet loss",
    "network_retransmit_ratio": "retransmits", "network_retransmit_rate": "retransmits / s",
    "network_rtt_seconds": "round trip", "tls_handshake_failure_ratio": "TLS failures",
    "certificate_expiry_seconds": "certificate left", "dns_failure_ratio": "DNS failures",
    "db_connections_in_use": "db conns", "db_pool_wait_seconds": "pool wait",
    "db_lock_waits": "lock waits", "db_query_p99_seconds": "query p99",
    "db_replication_lag_seconds": "replica lag", "queue_depth": "queue depth",
    "cache_hit_ratio": "cache hits",
}  # fmt: skip
FEATURES = {
    "latency_rise": "p99 latency", "error_rise": "error rate", "traffic_rise": "requests / s",
    "traffic_drop": "requests / s", "retry_amplification": "retries / s",
    "packet_loss": "packet loss", "retransmit_rise": "retransmits", "rtt_rise": "round trip",
    "tls_failure": "TLS failures", "dns_failure": "DNS failures", "pool_saturation": "pool in use",
    "pool_wait_rise": "pool wait", "query_latency_rise": "query p99", "lock_wait": "lock waits",
    "replication_lag": "replica lag", "cache_miss_rise": "cache hits", "cpu_saturation": "CPU",
    "cpu_throttling": "CPU throttled", "memory_ramp": "memory", "memory_near_limit": "memory of limit",
    "replicas_missing": "share of pods ready",
    "restart_increase": "restarts", "disk_near_full": "disk used", "disk_io_saturation": "disk I/O",
    "new_version_worse": "new version", "new_version_idle": "new version",
    "requests_cease": "new version",
}  # fmt: skip
# Below these a value is small whatever the baseline was, and must look small on its lane.
FLOORS = {
    "error rate": 0.01, "CPU throttled": 0.1, "packet loss": 0.01, "retransmits": 0.01,
    "TLS failures": 0.01, "DNS failures": 0.01, "CPU": 1.0, "disk used": 1.0, "disk I/O": 1.0,
    "cache hits": 1.0, "pool in use": 1.0, "memory of limit": 1.0, "share of pods ready": 1.0,
}  # fmt: skip
# What never comes near zero: on a scale that begins there, its growth is a flat line.
AFLOAT = {"memory"}
# Of these less is worse, and more than usual is nobody's pain: a service that was scaled up, say.
MORE = "more than usual"
HIGH_IS_WELL = {"pods ready", "share of pods ready", "cache hits", "certificate left"}
BOUNDED = {"CPU", "disk used", "disk I/O", "pool in use", "memory of limit"}
UNIT_ENDINGS = re.compile(r"_(ratio|seconds|bytes|total|rate|count|per_second)$")
MAX_LABEL = 22
FALL, CLIMB, CLIMB_SAMPLES = 0.2, 0.05, 4
Points = list[tuple[float, float]]


def label_of(feature: str, series: str = "", *, of: str = "") -> str:
    """Return what people call a series: by its meaning, its feature, or its name made readable.

    ``of``: it is a share of that other series, and is no longer what its own name means.
    """
    if of and feature in FEATURES:
        return FEATURES[feature]
    for name, label in LABELS.items():
        if name in series:
            return label
    if feature in FEATURES:
        return FEATURES[feature]
    name = UNIT_ENDINGS.sub("", series or feature).rpartition(":")[2].replace("_", " ").strip()
    words = name.removeprefix("lab ").removesuffix(" rise")
    return words if len(words) <= MAX_LABEL else f"{words[: MAX_LABEL - 1]}…"


def usual_range(points: Points, *, before: float, fallback: tuple[float, float]
                ) -> tuple[float, float]:  # fmt: skip
    """Return the range of nine in ten values before a moment; too few values: the fallback."""
    values = sorted(v for t, v in points if t < before)
    if len(values) < 5:
        return fallback
    cut = len(values) // 20
    low, high = values[cut], values[-1 - cut]
    room = max(high - low, abs(median(values)) * 0.1) * 0.5
    return max(0.0, low - room) if low >= 0 else low - room, high + room


def standing(label: str, latest: float, low: float, high: float, usual_text: str = "") -> str:
    """Return how a value stands to its usual range, in two or three words."""
    if low <= latest <= high:
        return "in range"
    if label in BOUNDED and latest >= 0.97:
        return "at limit"
    if label in HIGH_IS_WELL and latest > high:
        return MORE
    middle = (low + high) / 2
    if latest > high and middle > 1e-9 and latest / middle < 30:
        times = latest / middle
        return f"{times:.1f}x base" if times < 10 else f"{times:.0f}x base"
    return f"base {usual_text}" if usual_text else "above base" if latest > high else "below base"


def course(points: Points, *, since: float, low: float, high: float, label: str = "") -> str:
    """Return whether a series moves away from its usual range: worse, easing, steady, back, or "".

    Compares the means of the last and the middle third of what was measured since a moment. What is
    well when it is high counts as in its range above it (``label``).
    """
    values = [v for t, v in points if t >= since]
    if label in HIGH_IS_WELL:
        high = max(high, *values) if values else high
    if len(values) < 6:
        return ""
    if all(low <= v <= high for v in values[-3:]):
        return "back"
    middle = (low + high) / 2
    away = [abs(v - middle) for v in values]
    third = len(away) // 3
    newest = sum(away[-third:]) / third
    before = sum(away[-2 * third : -third]) / third
    if newest > 1.15 * before:
        return "worse"
    return "easing" if newest < 0.85 * before else "steady"


def climbs_since(points: Points, *, since: float) -> float | None:
    """Return since when a series climbs again after its last sudden fall, if it does; UTC seconds.

    A fall is a fifth of all that it moved, from one sample to the next: a process was killed, a disk
    was emptied. Less than a twentieth of that since, or mostly falling steps, is no climb.
    """
    known = [(t, v) for t, v in points if t >= since]
    size = max((v for _, v in known), default=0.0) - min((v for _, v in known), default=0.0)
    pairs = list(pairwise(known))
    falls = [n for n, (a, b) in enumerate(pairs, 1) if size > 0 and a[1] - b[1] >= FALL * size]
    if not falls:
        return None
    least = min(range(falls[-1], len(known)), key=lambda n: known[n][1])
    tail = known[least:]
    ups = sum(b[1] > a[1] for a, b in pairwise(tail))
    is_climb = len(tail) >= CLIMB_SAMPLES and tail[-1][1] - tail[0][1] >= CLIMB * size
    return tail[0][0] if is_climb and ups >= 2 * (len(tail) - 1) / 3 else None


def scale_of(label: str, shown: Points, low: float, high: float) -> tuple[float, float]:
    """Return the lowest and the highest value of a chart: from zero, and never only its noise.

    What never comes near zero begins a little below its least; its usual range is then at most a
    third of the height.
    """
    values = [v for _, v in shown]
    top = max([*values, high * 3, FLOORS.get(label, 0.0), 1e-9]) * 1.05
    least = min([*values, low])
    if label not in AFLOAT or least <= 0:
        return 0.0, top
    size = max(max([*values, high]) - least, 3 * (high - low))
    return least - 0.05 * size, least + 1.05 * size
