"""Packet loss."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="packet_loss",
    title="Packet loss",
    owner=AgentName.NETWORK,
    claim="Packets to {name} are lost",
    triggers=(
        "packet_loss",
        "retransmit_rise",
    ),
    predictions=(
        Prediction("packet_loss", Where.EDGE_IN, 9.0, -10.0),
        Prediction("retransmit_rise", Where.EDGE_IN, 3.0, -2.0),
        Prediction("reset_logs", Where.CALLERS, 3.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 3.0, -3.0),
        Prediction("latency_rise", Where.SELF, -2.0, 1.5),
        Prediction("cpu_saturation", Where.SELF, -2.0, 0.5),
    ),
    treatments=(Treatment("rolling_restart", "Fresh pods are placed away from the faulty path."),),
    blame=Blame.PEER,
    words=(
        "packet loss",
        "lost packets",
        "packet",
        "network loss",
        "dropped packet",
        "drop packet",
        "packet drop",
        "lossy",
        "retransmit",
        "retransmission",
    ),
    prior=2.0,
)
