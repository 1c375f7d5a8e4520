"""Roll back: run the revision before the current one again."""

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import TargetState


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan the return to the newest revision below the current one."""
    older = [r for r in state.revisions if r < state.revision]
    if not older:
        raise NotPlannable(f"{state.name} has no earlier revision to go back to.")
    target = max(older)
    return Proposal(
        title=f"Roll back {state.name} to revision {target}",
        request={"action": "rollback", "workload": state.name, "revision": target},
        undo={"action": "rollback", "workload": state.name, "revision": state.revision},
        undo_text=f"Roll forward to revision {state.revision} again, about 15 s.",
        touched_pods=state.replicas,
        command=f"rollout undo deployment/{state.name} --to-revision={target}",
        undo_command=f"rollout undo deployment/{state.name} --to-revision={state.revision}",
    )


KIND = ActionKind(
    "rollback", "Roll back", Risk.YELLOW, plan, goes_back=True, reduces_risk=True,
    failure_modes=(
        "The older release does not fit a schema or a message that has changed since.",
        "Its image is gone from the registry: no new pod starts, and the old ones go on.",
        "What else the newer release brought, a fix too, is gone.",
    ),
)  # fmt: skip
