"""Image does not exist."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="image_not_found",
    title="Image does not exist",
    owner=AgentName.DEPLOYMENT,
    claim="The image that {name} names does not exist",
    triggers=("image_not_found",),
    predictions=(
        Prediction("image_not_found", Where.SELF, 13.0, -10.0),
        Prediction("image_pull_failure", Where.SELF, 3.0, -6.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("registry_unresolved", Where.SELF, -9.0),
        Prediction("image_unauthorized", Where.SELF, -9.0),
    ),
    treatments=(Treatment("rollback", "The previous image is there."),),
    words=(
        "image tag",
        "wrong image",
        "image not found",
        "image does not exist",
        "wrong tag",
    ),
    refines=(
        "image_pull",
        "stuck_rollout",
        "crash_loop",
    ),
)
