"""Connection pool exhausted."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="pool_exhaustion",
    title="Connection pool exhausted",
    owner=AgentName.DATABASE,
    claim="{name} runs out of database connections",
    triggers=(
        "pool_saturation",
        "pool_wait_rise",
    ),
    predictions=(
        Prediction("pool_saturation", Where.SELF, 6.0, -8.0),
        Prediction("pool_wait_rise", Where.SELF, 5.0, -5.0),
        Prediction("pool_logs", Where.SELF, 4.0, -1.0),
        Prediction("config_before_onset", Where.SELF, 5.0, -1.0, before_symptom=True),
        Prediction("latency_rise", Where.SELF, 2.0, -3.0),
        Prediction("lock_wait", Where.CALLEES, -9.0),
        Prediction("blocked_sessions", Where.CALLEES, -9.0),
        Prediction("query_latency_rise", Where.CALLEES, -2.0, 2.0),
        Prediction("slow_statement", Where.CALLEES, -3.0),
        Prediction("tls_failure", Where.EDGE_IN, -6.0),
        Prediction("restart_loop", Where.SELF, -8.0),
        Prediction("traffic_rise", Where.SELF, -3.0),
        Prediction("retry_amplification", Where.EDGE_IN, -4.0),
        Prediction("diff_matches", Where.SELF, 4.0, before_symptom=True),
    ),
    treatments=(
        Treatment(
            "raise_pool_limit", "Requests queue for a connection while the database has room."
        ),
        Treatment("revert_config", "The previous pool size sufficed."),
    ),
    words=(
        "pool",
        "connection pool",
        "pool exhausted",
        "pool exhaustion",
        "connections",
        "connection exhausted",
        "out of connections",
        "runs out of connections",
        "out of database connections",
        "database connections exhausted",
        "exhausts database connections",
        "no free database connection",
        "no database connection left",
        "waiting for database connection",
        "no free connection",
        "no connection left",
        "connection leak",
        "leak connection",
        "connection not released",
        "connections never released",
        "connection not returned",
        "pool too small",
        "pool size",
        "pool limit",
        "waiting for connection",
        "hikari",
        "pgbouncer",
    ),
    is_of_caller=True,
    at_database="database_connections",
)
