"""Missing configuration."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="missing_config",
    title="Missing configuration",
    owner=AgentName.DEPLOYMENT,
    claim="{name} lacks a configuration object it needs",
    triggers=(
        "missing_config",
        "missing_config_logs",
    ),
    predictions=(
        Prediction("missing_config", Where.SELF, 9.0, -3.0),
        Prediction("missing_config_logs", Where.SELF, 5.0, -2.0),
        Prediction("restart_loop", Where.SELF, 1.0),
        Prediction("deploy_before_onset", Where.SELF, 2.0),
    ),
    treatments=(Treatment("rollback", "The previous release did not need it."),),
    words=(
        "missing config",
        "config missing",
        "configmap",
        "secret",
        "environment variable",
        "missing environment variable",
        "env var",
    ),
)
