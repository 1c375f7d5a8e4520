"""Raise the limit of a connection pool."""

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import TargetState

KEY = "db.pool_size"
MAX_SIZE = 64


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan the size it had before if that was larger, else twice the current size, at most 64."""
    if KEY not in state.config:
        raise NotPlannable(f"{state.name} has no connection pool.")
    size = int(state.config[KEY])
    before = [int(c.before) for c in state.config_history if c.key == KEY]
    wanted = min(MAX_SIZE, max([size * 2, *before]))
    if wanted <= size:
        raise NotPlannable(f"The pool of {state.name} is at its cap of {MAX_SIZE}.")
    return Proposal(
        title=f"Raise the pool of {state.name} from {size} to {wanted}",
        request={"action": "set_pool_limit", "workload": state.name, "size": wanted},
        undo={"action": "set_pool_limit", "workload": state.name, "size": size},
        undo_text=f"Set the pool to {size} again, at once.",
        touched_pods=state.replicas,
        command=f"set pool deployment/{state.name} size={wanted}",
    )


KIND = ActionKind("raise_pool_limit", "Raise a pool limit", Risk.YELLOW, plan)
