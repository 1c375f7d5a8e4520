"""CPU throttled."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="cpu_throttling",
    title="CPU throttled",
    owner=AgentName.RESOURCE,
    claim="{name} is held back by its CPU limit",
    triggers=("cpu_throttling",),
    predictions=(
        Prediction("cpu_throttling", Where.SELF, 6.0, -8.0),
        Prediction("cpu_saturation", Where.SELF, 2.0, -1.0),
        Prediction("config_before_onset", Where.SELF, 6.0, -3.0, before_symptom=True),
        Prediction("deploy_before_onset", Where.SELF, -3.0),
        Prediction("latency_rise", Where.SELF, 2.0, -3.0),
        Prediction("lag_logs", Where.SELF, 3.0),
        Prediction("traffic_rise", Where.SELF, -9.0, 1.0),
        Prediction("retry_amplification", Where.EDGE_IN, -9.0, 0.5),
        Prediction("edge_latency_rise", Where.EDGE_IN, 1.5),
        Prediction("latency_rise", Where.CALLERS, 1.5),
    ),
    treatments=(
        Treatment("revert_config", "The previous CPU limit was not reached."),
        Treatment("scale", "More replicas share the load."),
    ),
    words=(
        "cpu",
        "cpu throttle",
        "throttle",
        "throttling",
        "cpu limit",
        "cpu limit low",
        "low cpu limit",
        "cfs quota",
    ),
    refines=("cpu_overload",),
)
