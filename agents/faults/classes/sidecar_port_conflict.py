"""Two containers want one port."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="sidecar_port_conflict",
    title="Two containers want one port",
    owner=AgentName.DEPLOYMENT,
    claim="Two containers of {name}'s pods want the same port",
    triggers=(
        "port_taken_twice",
        "port_in_use_logs",
    ),
    predictions=(
        Prediction("port_taken_twice", Where.SELF, 12.0, -2.0),
        Prediction("port_in_use_logs", Where.SELF, 9.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("restart_loop", Where.SELF, 3.0, -1.0),
    ),
    treatments=(Treatment("rollback", "The previous template had no conflict."),),
    words=(
        "port conflict",
        "address already in use",
        "sidecar port",
    ),
    refines=(
        "crash_loop",
        "stuck_rollout",
        "probe_failure",
    ),
)
