"""Volume held by another claim or pod."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="volume_occupied",
    title="Volume held by another",
    owner=AgentName.DATABASE,
    claim="The volume that {name} needs is held by another",
    triggers=("volume_occupied",),
    predictions=(
        Prediction("volume_occupied", Where.SELF, 13.0, -10.0),
        Prediction("claim_unbound", Where.SELF, 5.0, -4.0),
        Prediction("unschedulable", Where.SELF, 3.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    words=(
        "volume occupied",
        "already bound",
        "multi-attach",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
