"""Service account missing."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="service_account_missing",
    title="Service account missing",
    owner=AgentName.DEPLOYMENT,
    claim="{name} runs as a service account that does not exist",
    triggers=("service_account_missing",),
    predictions=(
        Prediction("service_account_missing", Where.SELF, 13.0, -10.0),
        Prediction("creation_refused", Where.SELF, 5.0, -2.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("service_unreachable", Where.SELF, 1.0),
    ),
    treatments=(Treatment("rollback", "The previous template named an account that exists."),),
    words=(
        "service account",
        "serviceaccount",
    ),
    refines=(
        "quota",
        "missing_config",
        "stuck_rollout",
    ),
)
