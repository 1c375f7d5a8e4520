"""Node down."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="node_failure",
    title="Node down",
    owner=AgentName.RESOURCE,
    claim="Node {name} is down",
    triggers=(
        "node_not_ready",
        "proxy_down",
    ),
    predictions=(
        Prediction("node_not_ready", Where.SELF, 9.0, -2.0),
        Prediction("proxy_down", Where.SELF, 7.0, -1.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=(
        "node down",
        "node failure",
        "node dead",
        "node not ready",
        "node crashed",
        "host down",
        "dead node",
    ),
    vague=(
        "down",
        "dead",
        "failed",
        "crashed",
        "unreachable",
    ),
)
