"""CPU quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="quota_cpu",
    title="CPU quota used up",
    owner=AgentName.RESOURCE,
    claim="The CPU quota of {name} is used up",
    triggers=("quota_cpu_full",),
    predictions=(
        Prediction("quota_cpu_full", Where.SELF, 14.0, -10.0),
        Prediction("creation_refused", Where.SELF, 6.0, -2.0),
        Prediction("quota_exceeded", Where.ANYWHERE, 2.0),
        Prediction("workload_unready", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NAMESPACE,),
    words=("cpu quota",),
    prior=2.0,
    is_cluster_wide=True,
)
