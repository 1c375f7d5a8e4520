"""A change that harms what does not depend on the one that was changed."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="harmful_to_others",
    title="Change that harms others",
    owner=AgentName.DEPLOYMENT,
    claim="A change of {name} burdens what it calls, or sends what others cannot read",
    triggers=("diff_harms_others",),
    predictions=(
        Prediction("diff_harms_others", Where.SELF, 14.0, -10.0, before_symptom=True),
        Prediction("deploy_before_onset", Where.SELF, 3.0, before_symptom=True),
        Prediction("config_before_onset", Where.SELF, 3.0, before_symptom=True),
        Prediction("cache_miss_rise", Where.SELF, 4.0),
        Prediction("retry_amplification", Where.EDGE_OUT, 3.0),
        Prediction("new_error_template", Where.SYMPTOM, 4.0),
        Prediction("error_rise", Where.SYMPTOM, 3.0),
        Prediction("latency_rise", Where.SYMPTOM, 2.0),
        Prediction("query_latency_rise", Where.SYMPTOM, 3.0),
        Prediction("cpu_saturation", Where.SYMPTOM, 3.0),
        Prediction("traffic_rise", Where.CALLERS, -3.0),
        Prediction("certificate_expired", Where.ANYWHERE, -6.0),
        Prediction("provider_failing", Where.SYMPTOM, -7.0),
    ),
    treatments=(Treatment("rollback", "The previous release did not burden others."),),
    words=("shared library", "schema change", "contract", "load from a change"),
    prior=1.0,
    is_cluster_wide=True,
    refines=("bad_release", "config_change"),
)
