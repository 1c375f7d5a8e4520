"""Pods cannot be placed."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="unschedulable",
    title="Pods cannot be placed",
    owner=AgentName.RESOURCE,
    claim="Pods of {name} cannot be placed on any node",
    triggers=("unschedulable",),
    predictions=(
        Prediction("unschedulable", Where.SELF, 9.0, -9.0),
        Prediction("replicas_missing", Where.SELF, 2.0),
    ),
    treatments=(Treatment("scale", "Fewer replicas fit."),),
    words=(
        "unschedulable",
        "scheduling",
        "pending pods",
        "pods pending",
        "can not be scheduled",
        "can not be placed",
    ),
)
