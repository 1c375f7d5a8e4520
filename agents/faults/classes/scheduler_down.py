"""Scheduler down."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="scheduler_down",
    title="Scheduler down",
    owner=AgentName.RESOURCE,
    claim="The scheduler on {name} is down",
    triggers=("scheduler_down",),
    predictions=(
        Prediction("scheduler_down", Where.SELF, 13.0, -10.0),
        Prediction("never_scheduled", Where.SELF, 5.0, -3.0),
        Prediction("workload_unready", Where.ANYWHERE, 2.0),
        Prediction("runtime_down", Where.SELF, -4.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=("scheduler",),
    refines=("node_failure",),
    is_cluster_wide=True,
)
