"""Network partition."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="partition",
    title="Network partition",
    owner=AgentName.NETWORK,
    claim="{name} cannot be reached",
    triggers=(
        "refused_logs",
        "no_endpoints",
        "policy_blocks",
    ),
    predictions=(
        Prediction("edge_error_rise", Where.EDGE_IN, 4.0, -5.0),
        Prediction("refused_logs", Where.CALLERS, 4.0),
        Prediction("no_endpoints", Where.SELF, 6.0),
        Prediction("policy_blocks", Where.SELF, 6.0),
        Prediction("traffic_drop", Where.SELF, 3.0, -1.0),
        Prediction("restart_loop", Where.SELF, -6.0),
        Prediction("tls_failure", Where.EDGE_IN, -5.0),
        # What has no pod is not cut off: there is nothing to reach.
        Prediction("workload_unready", Where.SELF, -6.0),
    ),
    words=(
        "partition",
        "network partition",
        "unreachable",
        "not reachable",
        "network policy",
        "networkpolicy",
        "connection refused",
        "can not reach",
        "can not connect",
        "can not be reached",
        "no route to host",
        "firewall",
    ),
    prior=-2.0,
)
