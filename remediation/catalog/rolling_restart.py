"""Rolling restart: replace a workload's pods one after another."""

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.executors.ports import TargetState

REASON = "A restart has no inverse: the fresh pods run the same image with the same settings."


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan a restart of every pod."""
    return Proposal(
        title=f"Restart {state.name}",
        request={"action": "rolling_restart", "workload": state.name},
        undo=None,
        undo_text=REASON,
        touched_pods=state.replicas,
        command=f"rollout restart deployment/{state.name}",
    )


KIND = ActionKind(
    "rolling_restart", "Rolling restart", Risk.YELLOW, plan, has_undo=False, no_undo_reason=REASON,
    failure_modes=(
        "Fresh pods begin with cold caches: it is slower for a while.",
        "The fault itself keeps a fresh pod from starting: fewer pods serve than before.",
    ),
)  # fmt: skip
