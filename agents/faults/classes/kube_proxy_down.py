"""Service proxy down."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="kube_proxy_down",
    title="Service proxy down",
    owner=AgentName.RESOURCE,
    claim="The service proxy of node {name} is down",
    triggers=("kube_proxy_down",),
    predictions=(
        Prediction("kube_proxy_down", Where.SELF, 13.0, -10.0),
        Prediction("service_unreachable", Where.ANYWHERE, 3.0),
        Prediction("runtime_down", Where.SELF, -5.0),
        Prediction("kubelet_down", Where.SELF, -5.0),
    ),
    kinds=(ResourceKind.NODE,),
    words=(
        "kube-proxy",
        "kube proxy",
    ),
    refines=("node_failure",),
    is_cluster_wide=True,
)
