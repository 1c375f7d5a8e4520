"""Service selects no pod."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="service_selector",
    title="Service selects no pod",
    owner=AgentName.NETWORK,
    claim="The service of {name} selects no pod",
    triggers=("selector_matches_no_pod",),
    predictions=(
        Prediction("selector_matches_no_pod", Where.SELF, 13.0, -10.0),
        Prediction("no_endpoints", Where.SELF, 4.0, -3.0),
        Prediction("service_unreachable", Where.SELF, 4.0, -5.0),
        Prediction("workload_unready", Where.SELF, -6.0, 1.0),
    ),
    treatments=(Treatment("revert_config", "The previous selector matched."),),
    words=(
        "service selector",
        "selects no pod",
        "no endpoints",
        "wrong selector",
    ),
)
