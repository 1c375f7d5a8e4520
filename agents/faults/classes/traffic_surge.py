"""Traffic surge."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="traffic_surge",
    title="Traffic surge",
    owner=AgentName.NETWORK,
    claim="{name} gets more traffic than it can take",
    triggers=("traffic_rise",),
    predictions=(
        Prediction("traffic_rise", Where.SELF, 8.0, -10.0),
        # More traffic does harm only where something runs out.
        Prediction("cpu_saturation", Where.SELF, 3.0, -4.0),
        Prediction("cpu_throttling", Where.SELF, 2.0),
        Prediction("latency_rise", Where.SELF, 3.0, -6.0),
        # Requests queue where they are handled: the drowned service takes longer by itself.
        Prediction("own_time_rise", Where.SELF, 6.0),
        Prediction("retry_amplification", Where.EDGE_IN, -2.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 1.5),
        Prediction("error_rise", Where.SELF, 2.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 1.0),
        Prediction("latency_rise", Where.CALLERS, 1.5),
        Prediction("error_rise", Where.CALLERS, 1.0),
    ),
    treatments=(Treatment("scale", "More replicas share the load."),),
    words=(
        "traffic",
        "surge",
        "load",
        "spike",
        "traffic surge",
        "traffic spike",
        "more traffic",
        "too much traffic",
        "load spike",
        "more requests",
        "too many requests",
        "request flood",
        "flood of requests",
        "flooded with requests",
        "overload",
        "overloads",
        "too few replicas",
        "too few pods",
        "too few instances",
        "not enough replicas",
        "not enough pods",
        "not enough instances",
        "needs more replicas",
        "cannot keep up",
        "ddos",
        "bot traffic",
        "crawler",
    ),
    prior=2.0,
)
