"""Health probes fail."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="probe_failure",
    title="Health probes fail",
    owner=AgentName.DEPLOYMENT,
    claim="{name} fails its health probes",
    triggers=("probe_failing",),
    predictions=(
        Prediction("probe_failing", Where.SELF, 6.0, -8.0),
        Prediction("replicas_missing", Where.SELF, 3.0, -1.0),
        Prediction("restart_loop", Where.SELF, -2.0),
        Prediction("cpu_throttling", Where.SELF, -2.0),
        Prediction("oom_kill", Where.SELF, -4.0),
        Prediction("deploy_before_onset", Where.SELF, 2.0),
    ),
    treatments=(Treatment("rollback", "The previous release passed its probes."),),
    words=(
        "probe",
        "liveness",
        "readiness",
        "health check",
        "healthcheck",
        "probe failing",
        "pods not ready",
    ),
)
