"""A fault of a resource itself, of a kind that the telemetry does not tell."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="own_fault",
    title="Fault of its own, of unknown kind",
    owner=AgentName.RESOURCE,
    claim="Something is wrong with {name} itself; what, the telemetry does not tell",
    triggers=("series_anomaly",),
    predictions=(
        Prediction("series_anomaly", Where.SELF, 9.0, -9.0),
        Prediction("latency_rise", Where.SELF, 2.0),
        Prediction("error_rise", Where.SELF, 2.0),
        Prediction("new_error_template", Where.SELF, 2.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 2.0, -1.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 2.0, -1.0),
        # Requests that pass through it as usual, in time and course, clear it.
        Prediction("own_time_rise", Where.SELF, 0.0, -3.0),
        Prediction("course_departure", Where.SELF, 0.0, -3.0),
        # What it calls being in trouble explains its own.
        Prediction("latency_rise", Where.CALLEES, -3.0),
        Prediction("error_rise", Where.CALLEES, -3.0),
        Prediction("edge_error_rise", Where.EDGE_OUT, -2.0),
        Prediction("series_anomaly", Where.CALLEES, -3.5, 1.0),
        Prediction("latency_rise", Where.CALLERS, 1.0),
        Prediction("error_rise", Where.CALLERS, 1.0),
    ),
    # What is not ours is seen by its callers only: its series are the way there and back as well.
    kinds=(
        ResourceKind.SERVICE,
        ResourceKind.WORKLOAD,
        ResourceKind.POD,
        ResourceKind.NODE,
        ResourceKind.DATABASE,
    ),
    words=("something wrong", "unknown fault", "misbehaves", "acting up"),
    # It explains anything: a named mechanism that explains as much is the better account.
    prior=-3.0,
    is_generic=True,
    is_catch_all=True,
)
