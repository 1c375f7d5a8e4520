"""Retry storm."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="retry_storm",
    title="Retry storm",
    owner=AgentName.NETWORK,
    claim="{name} repeats failing calls until {other} drowns",
    other="what it calls",
    triggers=("retry_amplification",),
    predictions=(
        Prediction("retry_amplification", Where.EDGE_OUT, 10.0, -10.0),
        Prediction("config_before_onset", Where.SELF, 6.0, -1.0, before_symptom=True),
        Prediction("deploy_before_onset", Where.SELF, 2.0),
        Prediction("timeout_logs", Where.SELF, 3.0),
        Prediction("latency_rise", Where.CALLEES, 3.0, -2.0),
        Prediction("cpu_saturation", Where.CALLEES, 2.0),
        Prediction("cpu_throttling", Where.CALLEES, 1.0),
        Prediction("edge_error_rise", Where.EDGE_OUT, 3.0, -3.0),
        Prediction("traffic_rise", Where.CALLEES, -4.0),
        Prediction("diff_matches", Where.SELF, 4.0, before_symptom=True),
    ),
    treatments=(
        Treatment("revert_config", "The previous retry settings did not multiply the load."),
    ),
    words=(
        "retry storm",
        "retries",
        "retry",
        "retrying",
        "thundering herd",
        "retry amplification",
    ),
    is_of_caller=True,
    prior=2.0,
)
