"""Service speaks another protocol."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="service_protocol",
    title="Service speaks another protocol",
    owner=AgentName.NETWORK,
    claim="The service of {name} is declared with another protocol than its pods speak",
    triggers=("service_protocol_wrong",),
    predictions=(
        Prediction("service_protocol_wrong", Where.SELF, 12.0, -10.0),
        Prediction("service_unreachable", Where.SELF, 4.0, -1.0),
        Prediction("workload_unready", Where.SELF, -4.0, 1.0),
        Prediction("new_error_template", Where.CALLERS, 2.0),
    ),
    treatments=(Treatment("revert_config", "The previous protocol was right."),),
    words=(
        "service protocol",
        "udp instead of tcp",
    ),
)
