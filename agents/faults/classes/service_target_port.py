"""Service forwards to the wrong port."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="service_target_port",
    title="Service forwards to the wrong port",
    owner=AgentName.NETWORK,
    claim="The service of {name} forwards to a port that its pods do not serve",
    triggers=("target_port_wrong",),
    predictions=(
        Prediction("target_port_wrong", Where.SELF, 12.0, -10.0),
        Prediction("service_unreachable", Where.SELF, 5.0, -6.0),
        Prediction("workload_unready", Where.SELF, -6.0, 1.0),
        Prediction("refused_logs", Where.CALLERS, 2.0),
    ),
    treatments=(Treatment("revert_config", "The previous port was right."),),
    words=(
        "target port",
        "targetport",
        "service port",
    ),
)
