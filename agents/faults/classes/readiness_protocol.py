"""Readiness probe speaks the wrong protocol."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="readiness_protocol",
    title="Readiness probe speaks the wrong protocol",
    owner=AgentName.NETWORK,
    claim="The readiness probe of {name} speaks another protocol than the port",
    triggers=("readiness_protocol_wrong",),
    predictions=(
        Prediction("readiness_protocol_wrong", Where.SELF, 13.0, -10.0),
        Prediction("probe_failing", Where.SELF, 5.0, -8.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("no_endpoints", Where.SELF, 2.0),
        Prediction("restart_loop", Where.SELF, -3.0),
    ),
    treatments=(Treatment("rollback", "The previous template spoke the right protocol."),),
    words=(
        "readiness protocol",
        "readiness probe protocol",
    ),
    refines=(
        "probe_failure",
        "crash_loop",
        "stuck_rollout",
    ),
)
