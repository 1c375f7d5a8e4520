"""Killed for memory."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="oom_kill",
    title="Killed for memory",
    owner=AgentName.RESOURCE,
    claim="{name} needs more memory than its limit",
    triggers=("oom_kill",),
    predictions=(
        Prediction("oom_kill", Where.SELF, 7.0, -9.0),
        Prediction("memory_near_limit", Where.SELF, 3.0, -1.0),
        Prediction("memory_ramp", Where.SELF, -6.0, 1.0),
        Prediction("oom_logs", Where.SELF, 3.0),
        Prediction("oom_event", Where.SELF, 4.0),
        Prediction("restart_loop", Where.SELF, 2.0),
        Prediction("workload_unready", Where.SELF, 2.0),
        Prediction("restart_increase", Where.SELF, 2.0),
        Prediction("traffic_rise", Where.SELF, 1.0),
    ),
    treatments=(
        Treatment("rolling_restart", "Fresh pods start with empty memory.", is_relief=True),
    ),
    words=(
        "oom",
        "oom kill",
        "oom killed",
        "oomkilled",
        "oomkiller",
        "oom killer",
        "out of memory",
        "killed for memory",
        "memory limit",
        "memory limit low",
        "memory limit small",
        "memory limit not enough",
        "low memory limit",
        "more memory than limit",
        "needs more memory",
        "need more memory",
        "not enough memory",
        "too little memory",
        "runs out of memory",
        "ran out of memory",
        "hits memory limit",
        "memory limit reached",
    ),
    refines=("crash_loop",),
    comes_back=True,
)
