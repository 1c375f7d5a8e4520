"""Asks a foreign name server."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="own_name_server",
    title="Asks a foreign name server",
    owner=AgentName.NETWORK,
    claim="{name} asks a name server that does not know the cluster",
    triggers=("nameserver_foreign",),
    predictions=(
        Prediction("nameserver_foreign", Where.SELF, 12.0, -10.0),
        Prediction("dns_logs", Where.SELF, 5.0, -1.0),
        Prediction("workload_unready", Where.SELF, 4.0, -2.0),
        Prediction("restart_loop", Where.SELF, 1.0),
        Prediction("dns_failure", Where.SELF, 4.0),
    ),
    treatments=(Treatment("rollback", "The previous template used the cluster's name server."),),
    words=(
        "nameserver",
        "dns policy",
        "resolv.conf",
    ),
    refines=(
        "dns",
        "crash_loop",
        "stuck_rollout",
        "probe_failure",
    ),
)
