"""Access mode no volume offers."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="volume_access_mode_mismatch",
    title="Access mode no volume offers",
    owner=AgentName.DATABASE,
    claim="The volume claim of {name} asks for an access mode that no volume offers",
    triggers=("claim_mode_mismatch",),
    predictions=(
        Prediction("claim_mode_mismatch", Where.SELF, 13.0, -10.0),
        Prediction("claim_unbound", Where.SELF, 5.0, -4.0),
        Prediction("unschedulable", Where.SELF, 3.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    words=(
        "access mode",
        "readwritemany",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
