"""External dependency."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="external_dependency",
    title="External dependency",
    owner=AgentName.NETWORK,
    claim="{name}, which is not ours, is slow or failing",
    triggers=(
        "edge_latency_rise",
        "edge_error_rise",
        "series_anomaly",
    ),
    predictions=(
        Prediction("series_anomaly", Where.SELF, 3.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 5.0, -4.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 5.0, -2.0),
        Prediction("latency_rise", Where.SELF, 2.0),
        # What it hands on to being in trouble explains its own.
        Prediction("series_anomaly", Where.CALLEES, -3.5),
        Prediction("latency_rise", Where.CALLEES, -2.0),
        Prediction("error_rise", Where.CALLEES, -3.0),
        Prediction("packet_loss", Where.EDGE_IN, -4.0),
        Prediction("tls_failure", Where.EDGE_IN, -5.0),
    ),
    blame=Blame.PEER,
    kinds=(ResourceKind.EXTERNAL,),
    words=(
        "third party",
        "provider",
        "external",
        "vendor",
        "third party slow",
        "external api",
        "external service",
        "upstream provider",
    ),
    vague=(
        "slow",
        "down",
        "failing",
        "fails",
        "errors",
        "unavailable",
        "broken",
        "degraded",
    ),
    # What is ours breaks more often, and shows at addresses before it too.
    prior=-1.0,
)
