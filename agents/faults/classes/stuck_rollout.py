"""Stuck rollout."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="stuck_rollout",
    title="Stuck rollout",
    owner=AgentName.DEPLOYMENT,
    claim="The rollout of {name} does not finish",
    triggers=("rollout_stuck",),
    predictions=(
        Prediction("rollout_stuck", Where.SELF, 8.0, -8.0),
        Prediction("deploy_before_onset", Where.SELF, 3.0),
        Prediction("probe_failing", Where.SELF, 3.0),
        Prediction("restart_loop", Where.SELF, -4.0),
        Prediction("image_pull_failure", Where.SELF, -5.0),
    ),
    treatments=(Treatment("rollback", "The previous release is complete."),),
    words=(
        "stuck rollout",
        "rollout stuck",
    ),
)
