"""A system outside that answers with errors, seen only in its callers' logs."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="provider_outage",
    title="Outage of a provider",
    owner=AgentName.NETWORK,
    claim="{name}, which is not ours, fails; no change of ours explains it",
    triggers=("provider_failing",),
    predictions=(
        Prediction("provider_failing", Where.EDGE_IN, 14.0, -10.0),
        Prediction("error_rise", Where.SYMPTOM, 3.0),
        Prediction("changes_harmless", Where.ANYWHERE, 3.0),
        # A change that does what is seen is the better account.
        Prediction("diff_matches", Where.ANYWHERE, -8.0),
        Prediction("tls_failure", Where.EDGE_IN, -5.0),
    ),
    blame=Blame.PEER,
    kinds=(ResourceKind.EXTERNAL,),
    words=(
        "provider outage",
        "third party outage",
        "cloud outage",
        "provider down",
        "aws outage",
        "region outage",
    ),
    refines=("external_dependency",),
    is_cluster_wide=True,
)
