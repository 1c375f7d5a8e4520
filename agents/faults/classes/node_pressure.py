"""Node under pressure."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="node_pressure",
    title="Node under pressure",
    owner=AgentName.RESOURCE,
    claim="Node {name} is under pressure",
    triggers=("node_pressure",),
    predictions=(Prediction("node_pressure", Where.SELF, 8.0, -8.0),),
    kinds=(ResourceKind.NODE,),
    words=(
        "node pressure",
        "node memory",
        "eviction",
    ),
)
