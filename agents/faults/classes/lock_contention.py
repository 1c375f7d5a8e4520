"""Lock contention."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="lock_contention",
    title="Lock contention",
    owner=AgentName.DATABASE,
    claim="Sessions of {name} wait for each other's locks",
    triggers=(
        "lock_wait",
        "blocked_sessions",
    ),
    predictions=(
        Prediction("blocked_sessions", Where.SELF, 8.0, -8.0),
        Prediction("lock_wait", Where.SELF, 5.0, -5.0),
        Prediction("lock_logs", Where.SELF, 3.0),
        Prediction("query_latency_rise", Where.SELF, 2.0, -2.0),
        Prediction("pool_wait_rise", Where.CALLERS, 1.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 1.5),
    ),
    treatments=(
        Treatment(
            "rollback", "The sessions that hold the locks belong to what was just rolled out."
        ),
        Treatment("rolling_restart", "A restart ends the sessions that hold the locks."),
    ),
    kinds=(ResourceKind.DATABASE,),
    words=(
        "lock",
        "deadlock",
        "dead lock",
        "lock contention",
        "row lock",
        "table lock",
        "lock wait",
        "waiting for lock",
        "hold lock",
        "held lock",
        "lock timeout",
        "blocked session",
        "blocked transaction",
        "long transaction",
        "idle in transaction",
        "contention",
        "blocked",
    ),
    prior=2.0,
)
