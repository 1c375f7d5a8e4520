"""Nodes closed to new pods."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="node_cordoned",
    title="Nodes closed to new pods",
    owner=AgentName.RESOURCE,
    claim="Every node that fits {name} is cordoned",
    triggers=("nodes_cordoned",),
    predictions=(
        Prediction("nodes_cordoned", Where.SELF, 13.0, -10.0),
        Prediction("unschedulable", Where.SELF, 6.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("scheduler_down", Where.ANYWHERE, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    words=(
        "cordon",
        "uncordon",
        "scheduling disabled",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
