"""Harmful setting change."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="config_change",
    title="Harmful setting change",
    owner=AgentName.DEPLOYMENT,
    claim="A setting changed on {name} is at fault",
    triggers=("config_before_onset",),
    predictions=(
        Prediction("config_before_onset", Where.SELF, 7.0, -10.0, before_symptom=True),
        Prediction("latency_rise", Where.SELF, 3.0, -2.0),
        Prediction("error_rise", Where.SELF, 3.0, -2.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 1.5),
        Prediction("latency_rise", Where.CALLEES, -3.0),
        Prediction("error_rise", Where.CALLEES, -3.0),
        Prediction("retry_amplification", Where.EDGE_OUT, -6.0),
        Prediction("pool_saturation", Where.SELF, -6.0),
        Prediction("pool_wait_rise", Where.SELF, -4.0),
        Prediction("cpu_throttling", Where.SELF, -6.0),
        Prediction("disk_near_full", Where.SELF, -6.0),
        Prediction("packet_loss", Where.EDGE_IN, -4.0),
        Prediction("traffic_rise", Where.SELF, -5.0),
        # More reaches what it calls than its callers send: no change of a caller does that.
        Prediction("traffic_rise", Where.CALLEES, -8.0),
        Prediction("tls_failure", Where.EDGE_IN, -5.0),
        Prediction("diff_matches", Where.SELF, 5.0, before_symptom=True),
        Prediction("changes_harmless", Where.SELF, -12.0),
        Prediction("provider_failing", Where.SELF, -7.0),
    ),
    treatments=(Treatment("revert_config", "The previous value ran without the symptom."),),
    words=(
        "config",
        "configuration",
        "setting",
        "config change",
        "configuration change",
        "setting change",
        "changed setting",
        "bad config",
        "wrong config",
        "misconfiguration",
        "misconfigured",
        "misconfig",
    ),
    is_generic=True,
)
