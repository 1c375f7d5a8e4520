"""Not enough CPU to place a pod."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="insufficient_cpu",
    title="Not enough CPU to place a pod",
    owner=AgentName.RESOURCE,
    claim="{name} asks for more CPU than any node has free",
    triggers=("cpu_request_too_big",),
    predictions=(
        Prediction("cpu_request_too_big", Where.SELF, 13.0, -10.0),
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
        "insufficient cpu",
        "cpu request",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
