"""CPU overloaded."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="cpu_overload",
    title="CPU overloaded",
    owner=AgentName.RESOURCE,
    claim="Something uses up the CPU of {name}, with no more traffic than before",
    triggers=("cpu_saturation",),
    predictions=(
        Prediction("cpu_saturation", Where.SELF, 8.0, -8.0),
        Prediction("own_time_rise", Where.SELF, 6.0, -3.0),
        Prediction("cpu_throttling", Where.SELF, 6.0, -9.0),
        Prediction("latency_rise", Where.SELF, 2.0),
        Prediction("latency_rise", Where.CALLERS, 3.0),
        Prediction("traffic_rise", Where.SELF, -9.0, 1.0),
        Prediction("retry_amplification", Where.EDGE_IN, -9.0, 0.5),
        Prediction("config_before_onset", Where.SELF, -9.0, 1.0),
        Prediction("deploy_before_onset", Where.SELF, -5.0),
        Prediction("memory_ramp", Where.SELF, -7.0, 0.5),
        Prediction("memory_near_limit", Where.SELF, -4.0),
        Prediction("oom_kill", Where.SELF, -5.0),
        # Starting over and over costs CPU too.
        Prediction("restart_loop", Where.SELF, -6.0),
    ),
    treatments=(Treatment("scale", "More replicas share the load."),),
    words=(
        "cpu overload",
        "cpu overloaded",
        "cpu hog",
        "busy loop",
        "infinite loop",
        "burn cpu",
        "hog cpu",
        "noisy neighbour",
        "noisy neighbor",
    ),
)
