"""Harmful infrastructure change."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="infrastructure_change",
    title="Harmful infrastructure change",
    owner=AgentName.DEPLOYMENT,
    claim="An infrastructure change on {name} is at fault",
    triggers=("infrastructure_before_onset",),
    predictions=(
        Prediction("infrastructure_before_onset", Where.SELF, 7.0, -10.0, before_symptom=True),
        Prediction("latency_rise", Where.SELF, 3.0, -2.0),
        Prediction("error_rise", Where.SELF, 3.0, -2.0),
        Prediction("provider_failing", Where.SELF, -7.0),
    ),
    words=(
        "infrastructure",
        "terraform",
    ),
    is_generic=True,
)
