"""Liveness probe asks the wrong port."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="liveness_port",
    title="Liveness probe asks the wrong port",
    owner=AgentName.DEPLOYMENT,
    claim="The liveness probe of {name} asks a port that nobody serves",
    triggers=("liveness_port_wrong",),
    predictions=(
        Prediction("liveness_port_wrong", Where.SELF, 13.0, -10.0),
        Prediction("probe_failing", Where.SELF, 5.0, -8.0),
        Prediction("restart_loop", Where.SELF, 1.0),
        Prediction("oom_kill", Where.SELF, -6.0),
    ),
    treatments=(Treatment("rollback", "The previous template asked the right port."),),
    words=(
        "liveness port",
        "liveness probe port",
    ),
    refines=(
        "probe_failure",
        "crash_loop",
        "stuck_rollout",
    ),
)
