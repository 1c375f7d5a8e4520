"""Readiness probe asks the wrong port."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="readiness_port",
    title="Readiness probe asks the wrong port",
    owner=AgentName.NETWORK,
    claim="The readiness probe of {name} asks a port that nobody serves",
    triggers=("readiness_port_wrong",),
    predictions=(
        Prediction("readiness_port_wrong", Where.SELF, 13.0, -10.0),
        Prediction("probe_failing", Where.SELF, 5.0, -8.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("no_endpoints", Where.SELF, 2.0),
        Prediction("restart_loop", Where.SELF, -3.0),
    ),
    treatments=(Treatment("rollback", "The previous template asked the right port."),),
    words=(
        "readiness port",
        "readiness probe port",
    ),
    refines=(
        "probe_failure",
        "crash_loop",
        "stuck_rollout",
    ),
)
