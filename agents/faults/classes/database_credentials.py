"""Database refuses the credentials."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="database_credentials",
    title="Database refuses the credentials",
    owner=AgentName.DATABASE,
    claim="{name} uses credentials that {other} refuses",
    other="its database",
    other_kind=ResourceKind.DATABASE,
    triggers=(
        "credentials_logs",
        "database_secret_differs",
    ),
    predictions=(
        Prediction("credentials_logs", Where.SELF, 11.0, -3.0),
        Prediction("database_secret_differs", Where.SELF, 8.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
        Prediction("restart_loop", Where.SELF, 3.0, -1.0),
        Prediction("database_port_wrong", Where.SELF, -8.0),
        Prediction("connections_logs", Where.SELF, -6.0),
    ),
    treatments=(Treatment("revert_config", "The previous credentials were accepted."),),
    words=(
        "wrong password",
        "access denied",
        "database credentials",
        "authentication failed",
        "wrong credentials",
        "bad credentials",
        "password rotated",
    ),
    refines=(
        "crash_loop",
        "stuck_rollout",
        "own_fault",
    ),
)
