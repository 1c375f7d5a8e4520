"""Registry's name cannot be resolved."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="registry_dns",
    title="Registry's name cannot be resolved",
    owner=AgentName.NETWORK,
    claim="The registry of the image of {name} cannot be found by name",
    triggers=("registry_unresolved",),
    predictions=(
        Prediction("registry_unresolved", Where.SELF, 13.0, -10.0),
        Prediction("image_pull_failure", Where.SELF, 3.0, -6.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    treatments=(Treatment("rollback", "The previous image came from another registry."),),
    words=(
        "registry dns",
        "registry name",
    ),
    refines=(
        "image_pull",
        "dns",
        "stuck_rollout",
        "crash_loop",
    ),
)
