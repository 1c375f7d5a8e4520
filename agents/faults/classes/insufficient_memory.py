"""Not enough memory to place a pod."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="insufficient_memory",
    title="Not enough memory to place a pod",
    owner=AgentName.RESOURCE,
    claim="{name} asks for more memory than any node has free",
    triggers=("memory_request_too_big",),
    predictions=(
        Prediction("memory_request_too_big", Where.SELF, 13.0, -10.0),
        Prediction("unschedulable", Where.SELF, 6.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("scheduler_down", Where.ANYWHERE, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    treatments=(
        Treatment("rollback", "The previous template asked for less."),
        Treatment("scale", "Fewer replicas fit."),
    ),
    words=(
        "insufficient memory",
        "memory request",
        "memory request big",
        "not enough memory to schedule",
        "no node has enough memory",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
