"""Storage quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="quota_storage",
    title="Storage quota used up",
    owner=AgentName.RESOURCE,
    claim="The storage quota of {name} is used up",
    triggers=("quota_storage_full",),
    predictions=(
        Prediction("quota_storage_full", Where.SELF, 14.0, -10.0),
        Prediction("claim_missing", Where.ANYWHERE, 6.0),
        Prediction("creation_refused", Where.SELF, 2.0),
        Prediction("quota_exceeded", Where.ANYWHERE, 2.0),
        Prediction("workload_unready", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NAMESPACE,),
    words=("storage quota",),
    prior=2.0,
    is_cluster_wide=True,
)
