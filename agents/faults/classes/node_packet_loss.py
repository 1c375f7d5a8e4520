"""Node loses packets."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="node_packet_loss",
    title="Node loses packets",
    owner=AgentName.NETWORK,
    claim="Node {name} loses packets",
    triggers=(
        "node_retransmits",
        "node_delay",
    ),
    predictions=(
        Prediction("node_retransmits", Where.SELF, 12.0, -8.0),
        Prediction("node_delay", Where.SELF, 4.0, -1.0),
        Prediction("node_not_ready", Where.SELF, -5.0),
        Prediction("error_rise", Where.ANYWHERE, 2.0),
        Prediction("traffic_drop", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=(
        "node packet loss",
        "node drops packets",
    ),
)
