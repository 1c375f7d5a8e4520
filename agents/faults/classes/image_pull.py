"""Image cannot be pulled."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="image_pull",
    title="Image cannot be pulled",
    owner=AgentName.DEPLOYMENT,
    claim="The image of {name} cannot be pulled",
    triggers=("image_pull_failure",),
    predictions=(
        Prediction("image_pull_failure", Where.SELF, 10.0, -10.0),
        Prediction("deploy_before_onset", Where.SELF, 3.0),
        Prediction("replicas_missing", Where.SELF, 2.0),
    ),
    treatments=(Treatment("rollback", "The previous image is there."),),
    words=(
        "image",
        "image pull",
        "registry",
        "imagepullbackoff",
        "errimagepull",
        "can not pull image",
        "pull image",
    ),
)
