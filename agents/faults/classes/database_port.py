"""Database settings name the wrong port."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="database_port",
    title="Database settings name the wrong port",
    owner=AgentName.DATABASE,
    claim="{name} looks for {other} at a port that nobody serves",
    other="its database",
    other_kind=ResourceKind.DATABASE,
    triggers=("database_port_wrong",),
    predictions=(
        Prediction("database_port_wrong", Where.SELF, 12.0, -10.0),
        Prediction("database_unreachable_logs", Where.SELF, 5.0, -1.0),
        Prediction("refused_logs", Where.SELF, 3.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("restart_loop", Where.SELF, 2.0),
    ),
    treatments=(Treatment("revert_config", "The previous port was right."),),
    words=(
        "database port",
        "mysql port",
    ),
    refines=(
        "crash_loop",
        "stuck_rollout",
        "own_fault",
        "service_address",
    ),
)
