"""Claim bigger than any volume."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="volume_capacity_mismatch",
    title="Claim bigger than any volume",
    owner=AgentName.DATABASE,
    claim="The volume claim of {name} asks for more than any volume has",
    triggers=("claim_capacity_mismatch",),
    predictions=(
        Prediction("claim_capacity_mismatch", Where.SELF, 13.0, -10.0),
        Prediction("claim_unbound", Where.SELF, 5.0, -4.0),
        Prediction("unschedulable", Where.SELF, 3.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    words=(
        "volume size",
        "claim capacity",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
