"""Slow statement."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="slow_query",
    title="Slow statement",
    owner=AgentName.DATABASE,
    claim="A statement of {name} has become slow",
    triggers=(
        "slow_statement",
        "query_latency_rise",
    ),
    predictions=(
        Prediction("slow_statement", Where.SELF, 5.0, -5.0),
        Prediction("query_latency_rise", Where.SELF, 3.0, -4.0),
        Prediction("lock_wait", Where.SELF, -8.0, 1.0),
        Prediction("blocked_sessions", Where.SELF, -9.0, 1.0),
        Prediction("schema_before_onset", Where.SELF, 4.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 2.0, -2.0),
        Prediction("pool_wait_rise", Where.CALLERS, 0.5),
    ),
    kinds=(ResourceKind.DATABASE,),
    words=(
        "slow query",
        "slow statement",
        "slow sql",
        "slow select",
        "query slow",
        "query take longer",
        "query takes longer",
        "query too long",
        "long running query",
        "expensive query",
        "full table scan",
        "table scan",
        "sequential scan",
        "missing index",
        "index missing",
        "bad query plan",
        "query plan",
        "query latency",
        "query time",
        "statement slow",
        "query",
        "sql",
        "index",
    ),
    vague=(
        "slow",
        "slower",
        "sluggish",
        "slow down",
        "slowed down",
    ),
    prior=-1.0,
)
