"""Setting points nowhere."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="service_address",
    title="Setting points nowhere",
    owner=AgentName.NETWORK,
    claim="A setting of {name} points to a service or port that does not exist",
    triggers=("address_wrong",),
    predictions=(
        Prediction("address_wrong", Where.SELF, 13.0, -10.0),
        Prediction("dns_logs", Where.SELF, 3.0),
        Prediction("refused_logs", Where.SELF, 3.0),
        Prediction("timeout_logs", Where.SELF, 2.0),
        Prediction("new_error_template", Where.SELF, 3.0, -1.0),
        Prediction("error_rise", Where.SELF, 2.0),
    ),
    treatments=(Treatment("revert_config", "The previous address was right."),),
    words=(
        "wrong address",
        "environment variable address",
        "service address",
    ),
)
