"""Cloud-OpsBench's own words for causes and objects. Nothing here is seen by the agents."""

from collections.abc import Mapping, Sequence
from typing import Any

from sre_workspace.evaluation.running import CaseResult
from telemetry.types import ResourceKind, ResourceRef

# The set's taxonomy, then its cause for each of our classes of fault.
VOCABULARY: dict[str, dict[str, str]] = {
    "Admission_Fault": {
        "service_account_missing": "missing_service_account",
        "quota_cpu": "namespace_cpu_quota_exceeded",
        "quota_memory": "namespace_memory_quota_exceeded",
        "quota_pods": "namespace_pod_quota_exceeded",
        "quota_services": "namespace_service_quota_exceeded",
        "quota_storage": "namespace_storage_quota_exceeded",
    },
    "Scheduling_Fault": {
        "node_selector_mismatch": "node_selector_mismatch",
        "node_affinity_mismatch": "node_affinity_mismatch",
        "pod_anti_affinity_conflict": "pod_anti_affinity_conflict",
        "taint_not_tolerated": "taint_toleration_mismatch",
        "node_cordoned": "node_cordon_mismatch",
        "insufficient_cpu": "cpu_capacity_mismatch",
        "insufficient_memory": "memory_capacity_mismatch",
        "volume_access_mode_mismatch": "pvc_access_mode_mismatch",
        "volume_capacity_mismatch": "pvc_capacity_mismatch",
        "volume_selector_mismatch": "pvc_selector_mismatch",
        "storage_class_mismatch": "pvc_storage_class_mismatch",
        "volume_occupied": "pv_binding_occupied",
    },
    "Startup_Fault": {
        "image_not_found": "incorrect_image_reference",
        "image_pull": "incorrect_image_reference",
        "image_pull_unauthorized": "missing_image_pull_secret",
        "registry_dns": "image_registry_dns_failure",
        "secret_missing": "missing_secret_binding",
        "missing_config": "missing_secret_binding",
        "volume_permission": "volume_mount_permission_denied",
    },
    "Runtime_Fault": {
        "scaled_to_zero": "deployment_zero_replicas",
        "liveness_port": "liveness_probe_incorrect_port",
        "liveness_protocol": "liveness_probe_incorrect_protocol",
        "liveness_timing": "liveness_probe_incorrect_timing",
        "readiness_port": "readiness_probe_incorrect_port",
        "readiness_protocol": "readiness_probe_incorrect_protocol",
        "oom_kill": "oom_killed",
        "database_credentials": "mysql_invalid_credentials",
        "database_port": "mysql_invalid_port",
        "database_read_only": "db_read_only",
        "database_connections": "db_connection_exhaustion",
        "sidecar_port_conflict": "service_sidecar_port_conflict",
    },
    "Service_Routing_Fault": {
        "service_selector": "service_selector_mismatch",
        "service_target_port": "service_port_mapping_mismatch",
        "service_protocol": "service_protocol_mismatch",
        "service_address": "service_env_var_address_mismatch",
        "own_name_server": "service_dns_resolution_failure",
        "dns": "service_dns_resolution_failure",
        "gateway_route": "gateway_misroute",
    },
    "Infrastructure_Fault": {
        "container_runtime_down": "containerd_unavailable",
        "kubelet_down": "kubelet_unavailable",
        "kube_proxy_down": "kube_proxy_unavailable",
        "scheduler_down": "kube_scheduler_unavailable",
        "node_network_delay": "node_network_delay",
        "node_packet_loss": "node_network_packet_loss",
    },
    "Performance_Fault": {
        "cpu_overload": "pod_cpu_overload",
        "cpu_saturation": "pod_cpu_overload",
        "cpu_throttling": "pod_cpu_overload",
        "pod_network_delay": "pod_network_delay",
        "network_delay": "pod_network_delay",
    },
}
CAUSES = {ours: (taxonomy, theirs)
          for taxonomy, rows in VOCABULARY.items() for ours, theirs in rows.items()}  # fmt: skip
PREFIXES = {ResourceKind.NODE: "node", ResourceKind.NAMESPACE: "namespace"}
# The set's own prompt and labels differ in these.
ALIASES = {"db_readonly_mode": "db_read_only", "gateway_misrouted": "gateway_misroute"}
ANSWERS = 3


def object_of(resource_key: str) -> str:
    """Return a resource in the set's words: ``app/NAME``, ``node/NAME`` or ``namespace/NAME``."""
    ref = ResourceRef.parse(resource_key)
    return f"{PREFIXES.get(ref.kind, 'app')}/{ref.name}"


def predict(result: CaseResult) -> dict[str, Any]:
    """Return the first three answers; a class that the set has no word for stays as it is."""
    rows = []
    for cause in result.causes:
        taxonomy, name = CAUSES.get(cause.fault_class, ("", cause.fault_class))
        row = {"fault_taxonomy": taxonomy, "fault_object": object_of(cause.resource),
               "root_cause": name}  # fmt: skip
        if row not in rows:
            rows.append(row)
    return {"top_3_predictions": rows[:ANSWERS]}


def mark(answer: Any, label: Mapping[str, Any]) -> dict[str, float]:
    """Return the set's measures: all three fields right, object and cause, object alone."""
    rows: Sequence[Mapping[str, str]] = answer["top_3_predictions"]

    def meets(row: Mapping[str, str], *fields: str) -> bool:
        said = {**row, "root_cause": ALIASES.get(row["root_cause"], row["root_cause"])}
        return all(str(said[f]).lower() == str(label[f]).lower() for f in fields)

    both = ("fault_object", "root_cause")
    whole = [meets(r, *both, "fault_taxonomy") for r in rows]
    return {
        "a1": float(any(whole[:1])), "a3": float(any(whole)),
        "partial1": float(any(meets(r, *both) for r in rows[:1])),
        "object1": float(any(meets(r, "fault_object") for r in rows[:1])),
    }  # fmt: skip
