"""Replication lag."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="replication_lag",
    title="Replication lag",
    owner=AgentName.DATABASE,
    claim="The replica of {name} has fallen behind",
    triggers=("replication_lag",),
    predictions=(Prediction("replication_lag", Where.SELF, 9.0, -9.0),),
    kinds=(ResourceKind.DATABASE,),
    words=(
        "replication",
        "replica lag",
        "replication lag",
        "lagging replica",
        "replica behind",
        "stale replica",
        "replica lags",
        "lag",
    ),
)
