"""Scaled to zero."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="scaled_to_zero",
    title="Scaled to zero",
    owner=AgentName.DEPLOYMENT,
    claim="{name} is scaled to zero",
    triggers=("scaled_to_zero",),
    predictions=(
        Prediction("scaled_to_zero", Where.SELF, 13.0, -10.0),
        Prediction("service_unreachable", Where.SELF, 5.0, -8.0),
        Prediction("no_endpoints", Where.SELF, 3.0, -3.0),
        Prediction("error_rise", Where.CALLERS, 1.0),
    ),
    treatments=(Treatment("scale", "It needs at least one pod."),),
    words=(
        "zero replicas",
        "0 replicas",
        "scaled to zero",
        "scaled to 0",
        "scaled down",
        "no replicas",
        "no pods running",
    ),
)
