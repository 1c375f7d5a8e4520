"""Quota used up."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="quota",
    title="Quota used up",
    owner=AgentName.RESOURCE,
    claim="A quota stops {name}",
    triggers=("quota_exceeded",),
    predictions=(
        Prediction("quota_exceeded", Where.SELF, 10.0, -10.0),
        Prediction("replicas_missing", Where.SELF, 2.0),
    ),
    words=(
        "quota",
        "limit range",
    ),
)
