"""Node's network is slow."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="node_network_delay",
    title="Node's network is slow",
    owner=AgentName.NETWORK,
    claim="The network of node {name} has become slow",
    triggers=("node_delay",),
    predictions=(
        Prediction("node_delay", Where.SELF, 11.0, -10.0),
        Prediction("node_retransmits", Where.SELF, -2.0, 2.0),
        Prediction("node_not_ready", Where.SELF, -5.0),
        Prediction("latency_rise", Where.SYMPTOM, 2.0, -1.0),
        Prediction("traffic_drop", Where.ANYWHERE, 2.0),
        Prediction("cpu_saturation", Where.SELF, -4.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=(
        "node latency",
        "node network delay",
    ),
)
