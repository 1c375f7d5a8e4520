"""Memory quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="quota_memory",
    title="Memory quota used up",
    owner=AgentName.RESOURCE,
    claim="The memory quota of {name} is used up",
    triggers=("quota_memory_full",),
    predictions=(
        Prediction("quota_memory_full", Where.SELF, 14.0, -10.0),
        Prediction("creation_refused", Where.SELF, 6.0, -2.0),
        Prediction("quota_exceeded", Where.ANYWHERE, 2.0),
        Prediction("workload_unready", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NAMESPACE,),
    words=("memory quota",),
    prior=2.0,
    is_cluster_wide=True,
)
