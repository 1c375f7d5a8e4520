"""Code that fails, returns early or leaves steps out."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="code_defect",
    title="Defect in the code",
    owner=AgentName.DEPLOYMENT,
    claim="Code of {name} fails or leaves out what it usually does",
    triggers=("course_departure",),
    predictions=(
        Prediction("course_departure", Where.SELF, 13.0, -10.0),
        Prediction("new_error_template", Where.SELF, 2.0),
        Prediction("error_rise", Where.SELF, 2.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 2.0),
        Prediction("error_rise", Where.CALLERS, 1.0),
        # With a change just before, the change is the account to give.
        Prediction("deploy_before_onset", Where.SELF, -5.0),
        Prediction("config_before_onset", Where.SELF, -3.0),
        # A starved or cut-off service leaves out steps too: because it is slow, not because of
        # its code.
        Prediction("own_time_rise", Where.SELF, -3.0),
        Prediction("call_delay", Where.EDGE_IN, -5.0),
        Prediction("restart_loop", Where.SELF, -5.0),
        Prediction("oom_kill", Where.SELF, -5.0),
        Prediction("pool_saturation", Where.SELF, -5.0),
        Prediction("packet_loss", Where.EDGE_IN, -5.0),
    ),
    treatments=(Treatment("rollback", "The previous release took the usual course."),),
    words=(
        "bug",
        "defect",
        "exception",
        "code error",
        "early return",
        "null pointer",
        "nullpointerexception",
        "stack trace",
    ),
    prior=-1.0,
)
