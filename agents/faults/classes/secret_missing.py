"""Secret or config map missing."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="secret_missing",
    title="Secret or config map missing",
    owner=AgentName.DEPLOYMENT,
    claim="{name} uses a secret or config map that does not exist",
    triggers=("referenced_object_missing",),
    predictions=(
        Prediction("referenced_object_missing", Where.SELF, 13.0, -10.0),
        Prediction("missing_config", Where.SELF, 4.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    treatments=(Treatment("rollback", "The previous template used objects that exist."),),
    words=(
        "missing secret",
        "secret not found",
    ),
    refines=(
        "missing_config",
        "stuck_rollout",
        "crash_loop",
    ),
)
