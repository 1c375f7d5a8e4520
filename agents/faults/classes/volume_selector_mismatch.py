"""Volume selector matches none."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="volume_selector_mismatch",
    title="Volume selector matches none",
    owner=AgentName.DATABASE,
    claim="The volume claim of {name} selects labels that no volume has",
    triggers=("claim_selector_mismatch",),
    predictions=(
        Prediction("claim_selector_mismatch", Where.SELF, 13.0, -10.0),
        Prediction("claim_unbound", Where.SELF, 5.0, -4.0),
        Prediction("unschedulable", Where.SELF, 3.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    words=(
        "volume selector",
        "claim selector",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
