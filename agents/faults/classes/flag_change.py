"""Harmful feature flag."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="flag_change",
    title="Harmful feature flag",
    owner=AgentName.DEPLOYMENT,
    claim="A flag switched for {name} is at fault",
    triggers=("flag_before_onset",),
    predictions=(
        Prediction("flag_before_onset", Where.SELF, 7.0, -10.0, before_symptom=True),
        Prediction("latency_rise", Where.SELF, 3.0, -2.0),
        Prediction("error_rise", Where.SELF, 3.0, -2.0),
        Prediction("provider_failing", Where.SELF, -7.0),
        Prediction("new_error_template", Where.SELF, 4.0),
    ),
    treatments=(Treatment("revert_config", "The flag's previous value ran without the symptom."),),
    words=(
        "flag",
        "feature flag",
        "toggle",
        "feature toggle",
    ),
    is_generic=True,
)
