"""Cache stampede."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="cache_stampede",
    title="Cache stampede",
    owner=AgentName.DATABASE,
    claim="{name} misses and its callers go to the source",
    triggers=("cache_miss_rise",),
    predictions=(
        Prediction("cache_miss_rise", Where.SELF, 9.0, -9.0),
        Prediction("traffic_rise", Where.CALLEES, 2.0),
        Prediction("latency_rise", Where.CALLERS, 2.0, -2.0),
        Prediction("diff_matches", Where.SELF, 4.0, before_symptom=True),
    ),
    words=(
        "cache",
        "stampede",
        "cache stampede",
        "cache miss",
        "cold cache",
        "cache eviction",
        "cache hit rate",
        "cache hit ratio",
    ),
)
