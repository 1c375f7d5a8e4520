"""Database has no connection left."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="database_connections",
    title="Database has no connection left",
    owner=AgentName.DATABASE,
    claim="{name} has no connection left for its clients",
    triggers=("connections_logs",),
    predictions=(
        Prediction("connections_logs", Where.EDGE_IN, 11.0, -2.0),
        Prediction("connections_logs", Where.SELF, 8.0),
        Prediction("workload_unready", Where.CALLERS, 4.0, -1.0),
        Prediction("restart_loop", Where.CALLERS, 3.0),
        Prediction("connections_near_max", Where.SELF, 4.0),
        Prediction("error_rise", Where.CALLERS, 2.0),
        Prediction("pool_saturation", Where.SELF, 2.0),
    ),
    blame=Blame.PEER,
    words=(
        "too many connections",
        "max connections",
        "connection limit",
        "database has no connection left",
        "too many clients",
    ),
)
