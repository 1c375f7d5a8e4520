"""The four specialists and their charters."""

from agents.enums import AgentName
from agents.specialists.alert_checks import check_refusals
from agents.specialists.base import Specialist
from agents.specialists.change_checks import check_changes, check_providers
from agents.specialists.checking import CheckingSpecialist
from agents.specialists.cluster_checks import check_cluster
from agents.specialists.delay_checks import check_delays
from agents.specialists.log_checks import check_logs
from agents.specialists.metric_checks import check_metrics
from agents.specialists.other_checks import check_database, check_edges
from agents.specialists.scan_checks import check_series
from agents.specialists.trace_checks import check_courses, check_own_time, check_ways
from agents.specialists.version_checks import check_versions

REGISTRY: dict[AgentName, Specialist] = {
    specialist.name: specialist
    for specialist in (
        CheckingSpecialist(
            AgentName.NETWORK,
            "Requests between services: traffic, latency, errors, retries, loss, TLS, names.",
            (
                check_metrics,
                check_edges,
                check_ways,
                check_delays,
                check_logs,
                check_providers,
                check_cluster,
                check_refusals,
            ),
        ),
        CheckingSpecialist(
            AgentName.DEPLOYMENT,
            "What was changed, and whether what runs is what was meant: rollouts, settings, images.",
            (check_changes, check_versions, check_cluster, check_logs, check_courses),
        ),
        CheckingSpecialist(
            AgentName.DATABASE,
            "Databases and caches: pools, locks, statements, replication.",
            (check_metrics, check_database, check_cluster, check_logs),
        ),
        CheckingSpecialist(
            AgentName.RESOURCE,
            "CPU, memory, disk, nodes and the pods on them.",
            (check_metrics, check_series, check_own_time, check_cluster, check_logs),
        ),
    )
}
