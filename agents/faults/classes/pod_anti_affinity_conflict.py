"""Anti-affinity bars every node."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="pod_anti_affinity_conflict",
    title="Anti-affinity bars every node",
    owner=AgentName.RESOURCE,
    claim="The anti-affinity of {name} bars every node",
    triggers=("anti_affinity_blocks",),
    predictions=(
        Prediction("anti_affinity_blocks", Where.SELF, 13.0, -10.0),
        Prediction("unschedulable", Where.SELF, 6.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("scheduler_down", Where.ANYWHERE, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    treatments=(Treatment("rollback", "The previous template could be placed."),),
    words=(
        "anti affinity",
        "anti-affinity",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
