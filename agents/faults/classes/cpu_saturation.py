"""CPU saturated."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="cpu_saturation",
    title="CPU saturated",
    owner=AgentName.RESOURCE,
    claim="{name} has no CPU left",
    triggers=("cpu_saturation",),
    predictions=(
        Prediction("cpu_saturation", Where.SELF, 5.0, -8.0),
        Prediction("own_time_rise", Where.SELF, 6.0, -3.0),
        Prediction("cpu_throttling", Where.SELF, -2.0),
        Prediction("latency_rise", Where.SELF, 2.0, -2.0),
        Prediction("traffic_rise", Where.SELF, -6.0),
        Prediction("retry_amplification", Where.EDGE_IN, -8.0),
        Prediction("deploy_before_onset", Where.SELF, -4.0),
    ),
    treatments=(Treatment("scale", "More replicas share the load."),),
    words=(
        "cpu saturated",
        "cpu saturation",
        "high cpu",
        "cpu load",
        "cpu high",
        "cpu pegged",
        "cpu maxed out",
        "out of cpu",
        "cpu usage",
        "100 cpu",
        "no cpu left",
        "cpu bound",
    ),
)
