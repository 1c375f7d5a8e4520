"""Taints not tolerated."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="taint_not_tolerated",
    title="Taints not tolerated",
    owner=AgentName.RESOURCE,
    claim="{name} does not tolerate the taints of the nodes it may run on",
    triggers=("taints_bar_nodes",),
    predictions=(
        Prediction("taints_bar_nodes", Where.SELF, 13.0, -10.0),
        Prediction("unschedulable", Where.SELF, 6.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("scheduler_down", Where.ANYWHERE, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    words=(
        "taint",
        "toleration",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
