"""Pod quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="quota_pods",
    title="Pod quota used up",
    owner=AgentName.RESOURCE,
    claim="The pod quota of {name} is used up",
    triggers=("quota_pods_full",),
    predictions=(
        Prediction("quota_pods_full", Where.SELF, 14.0, -10.0),
        Prediction("creation_refused", Where.SELF, 6.0, -2.0),
        Prediction("quota_exceeded", Where.ANYWHERE, 2.0),
        Prediction("workload_unready", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NAMESPACE,),
    words=("pod quota",),
    prior=2.0,
    is_cluster_wide=True,
)
