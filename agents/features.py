"""The vocabulary of findings: what can be looked for, in which telemetry, and by whom.

Fault models predict in these words and checks answer in them; a feature has one owner.
"""

from dataclasses import dataclass

from agents.enums import AgentName
from telemetry.types import TelemetryKind

NET, DEP, DB, RES = (
    AgentName.NETWORK, AgentName.DEPLOYMENT, AgentName.DATABASE, AgentName.RESOURCE,
)  # fmt: skip
METRIC, LOG, TRACE = TelemetryKind.METRIC, TelemetryKind.LOG, TelemetryKind.TRACE
CLUSTER, CHANGE, DATABASE = TelemetryKind.CLUSTER, TelemetryKind.CHANGE, TelemetryKind.DATABASE


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A thing that can be looked for. ``corroborated_by``: other features that show the same."""

    slug: str
    owner: AgentName
    kind: TelemetryKind
    title: str
    corroborated_by: tuple[str, ...] = ()


_TABLE: tuple[tuple[str, AgentName, TelemetryKind, str, tuple[str, ...]], ...] = (
    ("latency_rise", NET, METRIC, "latency rise", ("edge_latency_rise", "timeout_logs")),
    ("error_rise", NET, METRIC, "errors rise", ("edge_error_rise", "new_error_template")),
    ("recovered", NET, METRIC, "symptom is back to normal", ()),
    ("traffic_rise", NET, METRIC, "more traffic from outside", ()),
    ("traffic_drop", NET, METRIC, "traffic drop", ()),
    ("retry_amplification", NET, METRIC, "retries multiply the load", ("timeout_logs",)),
    ("packet_loss", NET, METRIC, "packet loss", ("reset_logs", "edge_latency_rise")),
    ("retransmit_rise", NET, METRIC, "retransmissions", ("reset_logs",)),
    ("rtt_rise", NET, METRIC, "round trip time rise", ("edge_latency_rise",)),
    ("tls_failure", NET, METRIC, "TLS handshakes fail", ("tls_logs",)),
    ("certificate_expired", NET, METRIC, "certificate past its date", ("tls_logs",)),
    ("dns_failure", NET, METRIC, "name lookups fail", ("dns_logs",)),
    ("edge_latency_rise", NET, TRACE, "calls take longer", ("latency_rise",)),
    ("edge_error_rise", NET, TRACE, "calls fail", ("error_rise",)),
    (
        "call_delay",
        NET,
        TRACE,
        "the way to a service takes longer",
        ("rtt_rise", "edge_latency_rise"),
    ),
    ("reset_logs", NET, LOG, "connections reset in logs", ("packet_loss",)),
    ("refused_logs", NET, LOG, "connections refused in logs", ()),
    ("timeout_logs", NET, LOG, "timeouts in logs", ("edge_latency_rise",)),
    ("tls_logs", NET, LOG, "TLS errors in logs", ("tls_failure",)),
    ("dns_logs", NET, LOG, "name lookup errors in logs", ("dns_failure",)),
    ("no_endpoints", NET, CLUSTER, "a service selects no ready pod", ()),
    ("policy_blocks", NET, CLUSTER, "a network policy denies traffic", ()),
    ("proxy_down", NET, CLUSTER, "a node's proxy or DNS service is down", ()),
    ("deploy_before_onset", DEP, CHANGE, "rollout just before", ()),
    ("config_before_onset", DEP, CHANGE, "setting changed just before", ()),
    ("flag_before_onset", DEP, CHANGE, "flag changed just before", ()),
    ("schema_before_onset", DEP, CHANGE, "schema changed just before", ()),
    ("infrastructure_before_onset", DEP, CHANGE, "infrastructure changed just before", ()),
    (
        "new_version_worse",
        DEP,
        METRIC,
        "pods of the new version do worse than old ones beside them",
        ("error_rise", "latency_rise", "edge_error_rise", "edge_latency_rise"),
    ),
    ("new_version_idle", DEP, METRIC, "pods of the new version take no requests", ()),
    ("new_error_template", DEP, LOG, "new kind of error in logs", ("error_rise",)),
    (
        "course_departure",
        DEP,
        TRACE,
        "requests take another course than usual",
        ("new_error_template", "error_rise", "edge_error_rise"),
    ),
    ("crash_logs", DEP, LOG, "start-up failures in logs", ("restart_loop",)),
    ("missing_config_logs", DEP, LOG, "missing setting in logs", ("missing_config",)),
    ("restart_loop", DEP, CLUSTER, "pods crash and restart", ("crash_logs", "restart_increase")),
    ("image_pull_failure", DEP, CLUSTER, "an image cannot be pulled", ()),
    ("rollout_stuck", DEP, CLUSTER, "a rollout does not finish", ()),
    ("missing_config", DEP, CLUSTER, "a config object is missing", ("missing_config_logs",)),
    ("probe_failing", DEP, CLUSTER, "health probes fail", ()),
    ("pool_saturation", DB, METRIC, "connection pool is full", ("pool_logs", "pool_wait_rise")),
    ("pool_wait_rise", DB, METRIC, "waiting for connections", ("pool_logs",)),
    ("query_latency_rise", DB, METRIC, "queries take longer", ("slow_statement",)),
    ("lock_wait", DB, METRIC, "sessions wait for locks", ("blocked_sessions", "lock_logs")),
    ("replication_lag", DB, METRIC, "replica lags", ()),
    ("cache_miss_rise", DB, METRIC, "cache misses rise", ()),
    ("blocked_sessions", DB, DATABASE, "sessions block each other", ("lock_wait", "lock_logs")),
    ("slow_statement", DB, DATABASE, "a statement is slow", ("query_latency_rise",)),
    ("connections_near_max", DB, DATABASE, "the server's connections run out", ()),
    ("pool_logs", DB, LOG, "pool waits in logs", ("pool_saturation",)),
    ("lock_logs", DB, LOG, "lock waits in logs", ("lock_wait",)),
    ("cpu_saturation", RES, METRIC, "CPU at its limit", ()),
    ("cpu_throttling", RES, METRIC, "CPU throttled", ("lag_logs",)),
    ("memory_ramp", RES, METRIC, "memory grows steadily", ("oom_kill",)),
    ("memory_near_limit", RES, METRIC, "memory near its limit", ("oom_kill",)),
    ("restart_increase", RES, METRIC, "restarts rise", ("restart_loop", "oom_kill")),
    ("disk_near_full", RES, METRIC, "a disk is almost full", ("disk_logs",)),
    ("disk_io_saturation", RES, METRIC, "disk I/O at its limit", ()),
    ("series_anomaly", RES, METRIC, "a series beyond its usual range", ()),
    (
        "own_time_rise",
        RES,
        TRACE,
        "takes longer by itself",
        ("edge_latency_rise", "latency_rise", "cpu_throttling"),
    ),
    ("replicas_missing", RES, METRIC, "fewer replicas than asked", ()),
    ("oom_kill", RES, CLUSTER, "killed for memory", ("memory_near_limit", "restart_increase")),
    ("node_pressure", RES, CLUSTER, "a node is under pressure", ()),
    ("node_not_ready", RES, CLUSTER, "a node is not ready", ()),
    ("unschedulable", RES, CLUSTER, "pods cannot be placed", ()),
    ("quota_exceeded", RES, CLUSTER, "a quota is used up", ()),
    ("disk_logs", RES, LOG, "no space left in logs", ("disk_near_full",)),
    ("oom_logs", RES, LOG, "out of memory in logs", ("oom_kill",)),
    ("lag_logs", RES, LOG, "stalls in logs", ("cpu_throttling",)),
)

FEATURES: dict[str, FeatureSpec] = {row[0]: FeatureSpec(*row) for row in _TABLE}


def owned_by(agent: AgentName) -> tuple[FeatureSpec, ...]:
    """Return the features that one agent looks for."""
    return tuple(spec for spec in FEATURES.values() if spec.owner is agent)
