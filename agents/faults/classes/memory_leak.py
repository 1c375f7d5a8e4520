"""Memory leak."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="memory_leak",
    title="Memory leak",
    owner=AgentName.RESOURCE,
    claim="{name} leaks memory until it is killed",
    triggers=("memory_ramp",),
    predictions=(
        Prediction("memory_ramp", Where.SELF, 9.0, -10.0),
        Prediction("oom_kill", Where.SELF, 5.0, -1.0),
        Prediction("memory_near_limit", Where.SELF, 3.0, -1.0),
        Prediction("restart_increase", Where.SELF, 2.0, -1.0),
        Prediction("deploy_before_onset", Where.SELF, 3.0, -0.5),
        Prediction("latency_rise", Where.SELF, 1.5),
        Prediction("traffic_rise", Where.SELF, -3.0),
        Prediction("diff_matches", Where.SELF, 5.0, before_symptom=True),
    ),
    treatments=(
        Treatment("rollback", "The previous release did not leak."),
        Treatment(
            "rolling_restart",
            "Fresh pods start with empty memory; it will grow again.",
            is_relief=True,
        ),
    ),
    words=(
        "memory leak",
        "leak memory",
        "leak",
        "memory grow",
        "memory growth",
        "memory climbing",
        "memory creep",
        "memory rising",
        "memory not released",
        "never release memory",
        "not freed",
        "heap grow",
        "heap growth",
        "memory",
        "heap",
    ),
    prior=2.0,
    comes_back=True,
)
