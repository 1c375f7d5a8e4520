"""Container runtime down."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="container_runtime_down",
    title="Container runtime down",
    owner=AgentName.RESOURCE,
    claim="The container runtime of node {name} is down",
    triggers=("runtime_down",),
    predictions=(
        Prediction("runtime_down", Where.SELF, 13.0, -10.0),
        Prediction("node_not_ready", Where.SELF, 4.0, -1.0),
        Prediction("sandbox_failing", Where.SELF, 4.0, -1.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=(
        "containerd",
        "container runtime",
    ),
    refines=("node_failure",),
    is_cluster_wide=True,
)
