"""Registry refuses without credentials."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="image_pull_unauthorized",
    title="Registry refuses without credentials",
    owner=AgentName.DEPLOYMENT,
    claim="{name} has no credentials for the registry of its image",
    triggers=("image_unauthorized",),
    predictions=(
        Prediction("image_unauthorized", Where.SELF, 13.0, -10.0),
        Prediction("image_pull_failure", Where.SELF, 3.0, -6.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("image_not_found", Where.SELF, -9.0),
    ),
    treatments=(Treatment("rollback", "The previous image needed no credentials."),),
    words=(
        "pull secret",
        "imagepullsecret",
        "registry credentials",
    ),
    refines=(
        "image_pull",
        "stuck_rollout",
        "crash_loop",
    ),
)
