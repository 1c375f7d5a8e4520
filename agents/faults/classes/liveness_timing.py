"""Liveness probe too impatient."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="liveness_timing",
    title="Liveness probe too impatient",
    owner=AgentName.DEPLOYMENT,
    claim="The liveness probe of {name} kills it before it can answer",
    triggers=("liveness_impatient",),
    predictions=(
        Prediction("liveness_impatient", Where.SELF, 12.0, -10.0),
        Prediction("probe_failing", Where.SELF, 5.0, -8.0),
        Prediction("restart_loop", Where.SELF, 2.0),
        Prediction("oom_kill", Where.SELF, -6.0),
        Prediction("cpu_saturation", Where.SELF, -4.0),
    ),
    treatments=(Treatment("rollback", "The previous template waited longer."),),
    words=(
        "liveness timing",
        "probe timeout",
        "initial delay",
    ),
    refines=(
        "probe_failure",
        "crash_loop",
        "stuck_rollout",
    ),
)
