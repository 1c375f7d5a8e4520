"""Database takes no writes."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="database_read_only",
    title="Database takes no writes",
    owner=AgentName.DATABASE,
    claim="{name} is read-only and refuses writes",
    triggers=("read_only_logs",),
    predictions=(
        Prediction("read_only_logs", Where.EDGE_IN, 10.0, -2.0),
        Prediction("read_only_logs", Where.SELF, 10.0, -1.0),
        Prediction("workload_unready", Where.CALLERS, 3.0),
        Prediction("error_rise", Where.CALLERS, 2.0),
        Prediction("credentials_logs", Where.EDGE_IN, -5.0),
    ),
    blame=Blame.PEER,
    words=(
        "read only",
        "read-only",
    ),
    refines=("crash_loop",),
)
