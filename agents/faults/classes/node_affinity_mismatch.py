"""Node affinity matches no node."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="node_affinity_mismatch",
    title="Node affinity matches no node",
    owner=AgentName.RESOURCE,
    claim="No node meets the node affinity of {name}",
    triggers=("affinity_matches_no_node",),
    predictions=(
        Prediction("affinity_matches_no_node", Where.SELF, 13.0, -10.0),
        Prediction("unschedulable", Where.SELF, 6.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("scheduler_down", Where.ANYWHERE, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    treatments=(Treatment("rollback", "The previous template could be placed."),),
    words=("node affinity",),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
