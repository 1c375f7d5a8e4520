"""Crash loop."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="crash_loop",
    title="Crash loop",
    owner=AgentName.DEPLOYMENT,
    claim="Pods of {name} crash soon after they start",
    triggers=("restart_loop",),
    predictions=(
        Prediction("restart_loop", Where.SELF, 8.0, -10.0),
        Prediction("crash_logs", Where.SELF, 4.0, -1.0),
        Prediction("deploy_before_onset", Where.SELF, 4.0, -1.0),
        Prediction("config_before_onset", Where.SELF, 2.0),
        Prediction("replicas_missing", Where.SELF, 3.0, -2.0),
        Prediction("oom_kill", Where.SELF, -6.0),
        Prediction("image_pull_failure", Where.SELF, -6.0),
        Prediction("missing_config", Where.SELF, -4.0),
        Prediction("error_rise", Where.SELF, 1.0),
    ),
    treatments=(
        Treatment("rollback", "The previous release stayed up."),
        Treatment("revert_config", "The previous setting let it start."),
    ),
    words=(
        "crash loop",
        "crashloop",
        "crash",
        "crashing",
        "crashloopbackoff",
        "restarting",
        "restart loop",
        "keeps restarting",
        "panic",
        "segfault",
    ),
    prior=2.0,
)
