"""Service quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="quota_services",
    title="Service quota used up",
    owner=AgentName.RESOURCE,
    claim="The service quota of {name} is used up",
    triggers=("quota_services_full",),
    predictions=(
        Prediction("quota_services_full", Where.SELF, 14.0, -10.0),
        Prediction("service_missing", Where.SELF, 6.0, -3.0),
        Prediction("quota_exceeded", Where.ANYWHERE, 2.0),
        Prediction("workload_unready", Where.ANYWHERE, 1.0),
    ),
    kinds=(ResourceKind.NAMESPACE,),
    words=("service quota",),
    prior=2.0,
    is_cluster_wide=True,
)
