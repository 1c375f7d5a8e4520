"""Network delay."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="network_delay",
    title="Network delay",
    owner=AgentName.NETWORK,
    claim="The way to {name} has become slow",
    triggers=("rtt_rise", "call_delay"),
    predictions=(
        Prediction("rtt_rise", Where.EDGE_IN, 9.0, -10.0),
        Prediction("call_delay", Where.EDGE_IN, 13.0, -3.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 3.0, -3.0),
        Prediction("own_time_rise", Where.SELF, -5.0),
        Prediction("packet_loss", Where.EDGE_IN, -4.0),
        Prediction("latency_rise", Where.SELF, -2.0, 1.5),
        Prediction("latency_rise", Where.CALLERS, 2.0),
        Prediction("series_anomaly", Where.CALLERS, 1.5),
    ),
    blame=Blame.PEER,
    words=(
        "network delay",
        "rtt",
        "network latency",
        "slow network",
        "network slow",
        "round trip",
        "slow link",
    ),
)
