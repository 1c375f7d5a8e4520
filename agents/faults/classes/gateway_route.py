"""Gateway routes elsewhere."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="gateway_route",
    title="Gateway routes elsewhere",
    owner=AgentName.NETWORK,
    claim="A route of {name} leads to the wrong service",
    triggers=("route_wrong", "requests_not_found"),
    predictions=(
        Prediction("route_wrong", Where.SELF, 13.0, -10.0),
        Prediction("requests_not_found", Where.SELF, 10.0),
        Prediction("error_rise", Where.SELF, 3.0),
        Prediction("new_error_template", Where.SELF, 2.0),
        Prediction("workload_unready", Where.SELF, -4.0, 1.0),
    ),
    treatments=(Treatment("revert_config", "The previous route was right."),),
    words=(
        "misroute",
        "gateway route",
        "wrong route",
    ),
)
