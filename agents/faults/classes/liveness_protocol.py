"""Liveness probe speaks the wrong protocol."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="liveness_protocol",
    title="Liveness probe speaks the wrong protocol",
    owner=AgentName.DEPLOYMENT,
    claim="The liveness probe of {name} speaks another protocol than the port",
    triggers=("liveness_protocol_wrong",),
    predictions=(
        Prediction("liveness_protocol_wrong", Where.SELF, 13.0, -10.0),
        Prediction("probe_failing", Where.SELF, 5.0, -8.0),
        Prediction("restart_loop", Where.SELF, 1.0),
        Prediction("oom_kill", Where.SELF, -6.0),
    ),
    treatments=(Treatment("rollback", "The previous template spoke the right protocol."),),
    words=(
        "liveness protocol",
        "liveness probe protocol",
    ),
    refines=(
        "probe_failure",
        "crash_loop",
        "stuck_rollout",
    ),
)
