"""A service that takes longer by itself, of a kind that the telemetry does not tell."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="slow_by_itself",
    title="Slow by itself",
    owner=AgentName.RESOURCE,
    claim="{name} itself takes longer, as if starved of CPU or blocked",
    triggers=("own_time_rise",),
    predictions=(
        Prediction("own_time_rise", Where.SELF, 13.0, -10.0),
        Prediction("cpu_saturation", Where.SELF, 2.0),
        Prediction("cpu_throttling", Where.SELF, 2.0),
        Prediction("latency_rise", Where.SELF, 1.0),
        Prediction("series_anomaly", Where.SELF, 2.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 1.0, -1.0),
        Prediction("course_departure", Where.SELF, -3.0),
        Prediction("latency_rise", Where.CALLERS, 1.0),
        # What it waits for and traces do not show as a call: a database, a pool.
        Prediction("latency_rise", Where.CALLEES, -6.0),
        Prediction("query_latency_rise", Where.CALLEES, -5.0),
        Prediction("lock_wait", Where.CALLEES, -6.0),
        Prediction("blocked_sessions", Where.CALLEES, -6.0),
        Prediction("slow_statement", Where.CALLEES, -5.0),
        Prediction("pool_saturation", Where.SELF, -5.0),
        Prediction("pool_wait_rise", Where.SELF, -5.0),
    ),
    treatments=(Treatment("scale", "More replicas share the work."),),
    words=(
        "slow itself",
        "slow by itself",
        "starved",
        "cpu contention",
        "blocked threads",
        "thread pool",
        "gc",
        "gc pause",
        "garbage collection",
        "garbage collector",
        "stop the world",
    ),
    # A named mechanism that explains as much is the better account.
    prior=-2.0,
    is_generic=True,
    is_catch_all=True,
)
