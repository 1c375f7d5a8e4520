"""Volume may not be accessed."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="volume_permission",
    title="Volume may not be accessed",
    owner=AgentName.DATABASE,
    claim="{name} may not read or write its volume",
    triggers=("permission_logs",),
    predictions=(
        Prediction("permission_logs", Where.SELF, 10.0, -10.0),
        Prediction("restart_loop", Where.SELF, 4.0, -3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("deploy_before_onset", Where.SELF, 2.0),
    ),
    treatments=(Treatment("rollback", "The previous template ran as a user who may."),),
    words=(
        "permission denied",
        "volume permission",
    ),
    refines=(
        "crash_loop",
        "stuck_rollout",
        "own_fault",
    ),
)
