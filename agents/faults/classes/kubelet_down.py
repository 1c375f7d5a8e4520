"""Kubelet down."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="kubelet_down",
    title="Kubelet down",
    owner=AgentName.RESOURCE,
    claim="The kubelet of node {name} is down",
    triggers=("kubelet_down",),
    predictions=(
        Prediction("kubelet_down", Where.SELF, 13.0, -10.0),
        Prediction("node_not_ready", Where.SELF, 5.0, -2.0),
        Prediction("runtime_down", Where.SELF, -4.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=("kubelet",),
    refines=("node_failure",),
    is_cluster_wide=True,
)
