"""Storage class of no volume."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="storage_class_mismatch",
    title="Storage class of no volume",
    owner=AgentName.DATABASE,
    claim="The volume claim of {name} asks for a storage class that gives it no volume",
    triggers=("claim_class_mismatch",),
    predictions=(
        Prediction("claim_class_mismatch", Where.SELF, 13.0, -10.0),
        Prediction("claim_unbound", Where.SELF, 5.0, -4.0),
        Prediction("unschedulable", Where.SELF, 3.0, -1.0),
        Prediction("workload_unready", Where.SELF, 3.0, -6.0),
    ),
    words=(
        "storage class",
        "storageclass",
    ),
    refines=(
        "unschedulable",
        "stuck_rollout",
        "crash_loop",
    ),
)
