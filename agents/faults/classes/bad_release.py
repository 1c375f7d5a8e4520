"""Bad release."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="bad_release",
    title="Bad release",
    owner=AgentName.DEPLOYMENT,
    claim="The release just rolled out on {name} is at fault",
    triggers=("deploy_before_onset", "new_version_worse", "new_version_idle"),
    predictions=(
        Prediction("deploy_before_onset", Where.SELF, 7.0, -10.0, before_symptom=True),
        Prediction("new_version_worse", Where.SELF, 14.0, -6.0),
        Prediction("new_version_idle", Where.SELF, 11.0),
        # Old pods beside new ones take none either: what fails, fails before it is asked.
        Prediction("requests_cease", Where.SELF, -6.0),
        # What its callee's new pods do wrong shows in it too.
        Prediction("new_version_worse", Where.CALLEES, -5.0),
        Prediction("new_error_template", Where.SELF, 5.0),
        Prediction("course_departure", Where.SELF, 3.0),
        Prediction("latency_rise", Where.SELF, 4.0, -3.0),
        Prediction("error_rise", Where.SELF, 4.0),
        # New code that takes longer does so in the service itself.
        Prediction("own_time_rise", Where.SELF, 9.0),
        Prediction("edge_latency_rise", Where.EDGE_IN, 2.0, -1.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 2.0, -1.0),
        Prediction("latency_rise", Where.CALLEES, -4.0),
        Prediction("error_rise", Where.CALLEES, -5.0),
        Prediction("packet_loss", Where.SELF, -5.0),
        Prediction("packet_loss", Where.EDGE_IN, -5.0),
        Prediction("tls_failure", Where.EDGE_IN, -6.0),
        Prediction("certificate_expired", Where.SELF, -6.0),
        Prediction("memory_ramp", Where.SELF, -14.0),
        Prediction("oom_kill", Where.SELF, -5.0),
        Prediction("restart_loop", Where.SELF, -14.0),
        Prediction("lock_wait", Where.CALLEES, -14.0),
        Prediction("blocked_sessions", Where.CALLEES, -14.0),
        Prediction("pool_saturation", Where.SELF, -3.0),
        Prediction("traffic_rise", Where.SELF, -6.0),
        Prediction("disk_near_full", Where.SELF, -6.0),
        Prediction("cpu_throttling", Where.SELF, -2.0),
        Prediction("config_before_onset", Where.SELF, -9.0),
        Prediction("image_pull_failure", Where.SELF, -6.0),
        Prediction("latency_rise", Where.CALLERS, 1.5),
        Prediction("error_rise", Where.CALLERS, 1.5),
        # What the diff says: it does what is seen, or nothing in it could.
        Prediction("diff_matches", Where.SELF, 9.0, before_symptom=True),
        Prediction("changes_harmless", Where.SELF, -12.0),
        Prediction("provider_failing", Where.SELF, -7.0),
        Prediction("diff_harms_others", Where.ANYWHERE, -3.0),
    ),
    treatments=(Treatment("rollback", "The previous release ran without the symptom."),),
    words=(
        "bad release",
        "bad deploy",
        "deploy",
        "deployment",
        "release",
        "rollout",
        "regression",
        "new version",
    ),
    prior=3.0,
    is_generic=True,
)
