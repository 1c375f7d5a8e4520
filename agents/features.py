"""The vocabulary of findings: what can be looked for, in which telemetry, and by whom.

Fault models predict in these words and checks answer in them; a feature has one owner.
"""

from dataclasses import dataclass, replace

from agents.enums import AgentName
from telemetry.types import TelemetryKind

NET, DEP, DB, RES = (
    AgentName.NETWORK, AgentName.DEPLOYMENT, AgentName.DATABASE, AgentName.RESOURCE,
)  # fmt: skip
METRIC, LOG, TRACE = TelemetryKind.METRIC, TelemetryKind.LOG, TelemetryKind.TRACE
CLUSTER, CHANGE, DATABASE = TelemetryKind.CLUSTER, TelemetryKind.CHANGE, TelemetryKind.DATABASE


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A thing that can be looked for.

    Attributes:
        corroborated_by: Other features that show the same.
        facet: Which record of a cluster tells it. Two facets are two witnesses: who declared, who
            tried and logged, who counts what is ready, who dialled. Empty: its kind is one witness.
    """

    slug: str
    owner: AgentName
    kind: TelemetryKind
    title: str
    corroborated_by: tuple[str, ...] = ()
    facet: str = ""

    @property
    def witness(self) -> str:
        """The independent record that tells it."""
        return f"{self.kind.value} ({self.facet})" if self.facet else self.kind.value


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
    ("requests_not_found", NET, METRIC, "requests are answered 'not found'", ("error_rise",)),
    ("reset_logs", NET, LOG, "connections reset in logs", ("packet_loss",)),
    ("refused_logs", NET, LOG, "connections refused in logs", ()),
    ("timeout_logs", NET, LOG, "timeouts in logs", ("edge_latency_rise",)),
    ("tls_logs", NET, LOG, "TLS errors in logs", ("tls_failure",)),
    ("provider_failing", NET, LOG, "calls to a system outside fail", ("edge_error_rise",)),
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
        "diff_matches",
        DEP,
        CHANGE,
        "a change does what is seen",
        ("error_rise", "new_error_template", "latency_rise", "memory_near_limit"),
    ),
    (
        "diff_harms_others",
        DEP,
        CHANGE,
        "a change does what others show",
        ("new_error_template", "error_rise", "latency_rise"),
    ),
    ("changes_harmless", DEP, CHANGE, "no change could do what is seen", ()),
    (
        "new_version_worse",
        DEP,
        METRIC,
        "pods of the new version do worse than old ones beside them",
        ("error_rise", "latency_rise", "edge_error_rise", "edge_latency_rise"),
    ),
    ("new_version_idle", DEP, METRIC, "pods of the new version take no requests", ()),
    ("requests_cease", DEP, METRIC, "no version of a service takes requests any more", ()),
    ("new_error_template", DEP, LOG, "new kind of error in logs", ("error_rise",)),
    (
        "course_departure",
        DEP,
        TRACE,
        "requests take another course than usual",
        # Requests that leave out a step need not fail: no other feature would have to show it.
        (),
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
    (
        "oom_kill",
        RES,
        CLUSTER,
        "killed for memory",
        ("memory_near_limit", "restart_increase", "oom_event"),
    ),
    ("node_pressure", RES, CLUSTER, "a node is under pressure", ()),
    ("node_not_ready", RES, CLUSTER, "a node is not ready", ()),
    ("unschedulable", RES, CLUSTER, "pods cannot be placed", ()),
    ("quota_exceeded", RES, CLUSTER, "a quota is used up", ()),
    ("disk_logs", RES, LOG, "no space left in logs", ("disk_near_full",)),
    ("oom_logs", RES, LOG, "out of memory in logs", ("oom_kill",)),
    ("lag_logs", RES, LOG, "stalls in logs", ("cpu_throttling",)),
)

SPEC, STATUS, EVENT, ENDS, DIAL, DAEMON = (
    "declaration", "status", "events", "endpoints", "connection test", "node daemons",
)  # fmt: skip
# What a cluster tells of itself: (slug, owner, facet, title, corroborated by).
_CLUSTER_TABLE: tuple[tuple[str, AgentName, str, str, tuple[str, ...]], ...] = (
    ("workload_unready", DEP, STATUS, "fewer pods are ready than asked", ()),
    ("service_unreachable", NET, DIAL, "a service does not accept connections", ()),
    ("selector_matches_no_node", RES, SPEC, "no node has the labels asked", ("unschedulable",)),
    ("affinity_matches_no_node", RES, SPEC, "no node meets the affinity", ("unschedulable",)),
    ("anti_affinity_blocks", RES, SPEC, "its own anti-affinity bars every node",
     ("unschedulable",)),
    ("taints_bar_nodes", RES, SPEC, "taints bar every fitting node", ("unschedulable",)),
    ("nodes_cordoned", RES, SPEC, "every fitting node is closed", ("unschedulable",)),
    ("oom_event", RES, EVENT, "the cluster's journal tells of a kill for memory", ()),
    ("cpu_request_too_big", RES, SPEC, "no node has so much CPU free", ("unschedulable",)),
    ("memory_request_too_big", RES, SPEC, "no node has so much memory free",
     ("unschedulable",)),
    ("claim_class_mismatch", DB, SPEC, "no volume of the storage class", ("claim_unbound",)),
    ("claim_mode_mismatch", DB, SPEC, "no volume with the access mode", ("claim_unbound",)),
    ("claim_capacity_mismatch", DB, SPEC, "no volume is big enough", ("claim_unbound",)),
    ("claim_selector_mismatch", DB, SPEC, "no volume has the labels asked", ("claim_unbound",)),
    ("volume_occupied", DB, SPEC, "the volume is held by another", ("claim_unbound",)),
    ("claim_unbound", RES, STATUS, "a volume claim waits", ()),
    ("service_account_missing", DEP, SPEC, "its service account does not exist",
     ("creation_refused", "workload_unready")),
    ("creation_refused", RES, EVENT, "pods are refused at admission", ("workload_unready",)),
    ("quota_cpu_full", RES, SPEC, "the CPU quota is used up", ("creation_refused",)),
    ("quota_memory_full", RES, SPEC, "the memory quota is used up", ("creation_refused",)),
    ("quota_pods_full", RES, SPEC, "the pod quota is used up", ("creation_refused",)),
    ("quota_services_full", RES, SPEC, "the service quota is used up", ("service_missing",)),
    ("quota_storage_full", RES, SPEC, "the storage quota is used up", ("claim_missing",)),
    ("service_missing", NET, STATUS, "a service that others call does not exist",
     ("service_unreachable",)),
    ("claim_missing", DB, STATUS, "a claim that a workload uses does not exist", ()),
    ("image_not_found", DEP, EVENT, "the image does not exist in its registry",
     ("workload_unready",)),
    ("image_unauthorized", DEP, EVENT, "the registry asks for credentials",
     ("workload_unready",)),
    ("registry_unresolved", NET, EVENT, "the registry's name cannot be resolved",
     ("workload_unready",)),
    ("referenced_object_missing", DEP, SPEC, "a secret or config map it uses does not exist",
     ("missing_config", "workload_unready")),
    ("volume_denied", DB, STATUS, "it may not write to its volume", ("workload_unready",)),
    ("scaled_to_zero", DEP, SPEC, "a service that others call is scaled to zero",
     ("service_unreachable", "no_endpoints")),
    ("liveness_port_wrong", DEP, SPEC, "the liveness probe asks a port nobody serves",
     ("probe_failing",)),
    ("liveness_protocol_wrong", DEP, SPEC, "the liveness probe speaks another protocol",
     ("probe_failing",)),
    ("liveness_impatient", DEP, SPEC, "the liveness probe does not wait long enough",
     ("probe_failing",)),
    ("readiness_port_wrong", NET, SPEC, "the readiness probe asks a port nobody serves",
     ("probe_failing",)),
    ("readiness_protocol_wrong", NET, SPEC, "the readiness probe speaks another protocol",
     ("probe_failing",)),
    ("port_taken_twice", DEP, SPEC, "two containers of a pod want one port",
     ("port_in_use_logs", "workload_unready")),
    ("database_port_wrong", DB, SPEC, "its database settings name a port nobody serves",
     ("database_unreachable_logs", "workload_unready")),
    ("database_secret_differs", DB, SPEC, "its database password differs from its siblings'",
     ("workload_unready",)),
    ("selector_matches_no_pod", NET, SPEC, "a service selects no pod", ("service_unreachable",)),
    ("target_port_wrong", NET, SPEC, "a service forwards to a port nobody serves",
     ("service_unreachable",)),
    ("service_protocol_wrong", NET, SPEC, "a service speaks another protocol than its pods",
     ("service_unreachable",)),
    ("address_wrong", NET, SPEC, "a setting points to a service or port that does not exist",
     ("refused_logs", "dns_logs", "new_error_template")),
    ("nameserver_foreign", NET, SPEC, "its name server is not the cluster's",
     ("dns_logs", "workload_unready")),
    ("route_wrong", NET, SPEC, "a gateway's route leads elsewhere", ("new_error_template",)),
    ("runtime_down", RES, DAEMON, "a node's container runtime is down", ("node_not_ready",)),
    ("kubelet_down", RES, DAEMON, "a node's agent is down", ("node_not_ready",)),
    ("kube_proxy_down", RES, DAEMON, "a node's service proxy is down", ("service_unreachable",)),
    ("scheduler_down", RES, DAEMON, "the scheduler is down", ("never_scheduled",)),
    ("never_scheduled", RES, STATUS, "pods wait and nobody tries to place them", ()),
    ("sandbox_failing", RES, EVENT, "pods cannot be started on a node", ()),
)  # fmt: skip
_LOG_TABLE: tuple[tuple[str, AgentName, TelemetryKind, str, tuple[str, ...]], ...] = (
    ("credentials_logs", DB, LOG, "a database refuses the credentials", ("workload_unready",)),
    ("read_only_logs", DB, LOG, "a database takes no writes", ("workload_unready",)),
    ("connections_logs", DB, LOG, "a database has no connection left", ("workload_unready",)),
    ("database_unreachable_logs", DB, LOG, "a database does not answer", ("workload_unready",)),
    ("permission_logs", DB, LOG, "access to files is denied", ("workload_unready",)),
    ("port_in_use_logs", DEP, LOG, "a port is taken already", ("workload_unready",)),
    ("own_delay", NET, METRIC, "it answers late, though idle and well served",
     ("latency_rise", "edge_latency_rise")),
    ("node_delay", NET, METRIC, "everything on a node answers late", ("own_delay",)),
    ("node_retransmits", NET, METRIC, "a node repeats packets", ("node_delay",)),
)  # fmt: skip

FEATURES: dict[str, FeatureSpec] = {
    **{row[0]: FeatureSpec(*row) for row in (*_TABLE, *_LOG_TABLE)},
    **{
        slug: FeatureSpec(slug, owner, CLUSTER, title, others, facet)
        for slug, owner, facet, title, others in _CLUSTER_TABLE
    },
}
# These were there before facets; which record tells them.
for _slug, _facet in {
    "unschedulable": EVENT, "probe_failing": EVENT, "image_pull_failure": STATUS,
    "missing_config": EVENT, "restart_loop": STATUS, "oom_kill": STATUS, "quota_exceeded": EVENT,
    "node_not_ready": STATUS, "node_pressure": STATUS, "no_endpoints": ENDS, "proxy_down": DAEMON,
    "rollout_stuck": STATUS, "policy_blocks": SPEC,
}.items():  # fmt: skip
    FEATURES[_slug] = replace(FEATURES[_slug], facet=_facet)


def owned_by(agent: AgentName) -> tuple[FeatureSpec, ...]:
    """Return the features that one agent looks for."""
    return tuple(spec for spec in FEATURES.values() if spec.owner is agent)
