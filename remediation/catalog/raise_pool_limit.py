"""Raise the limit of a connection pool."""

import re
from collections.abc import Mapping

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import TargetState

MAX_SIZE = 64
# Settings that size a connection pool: db.pool_size, DB_POOL_SIZE, HIKARI_MAXIMUM_POOL_SIZE...
POOL = re.compile(r"(^|_)(max(imum)?_)?pool_(max_|maximum_)?size$|(^|_)max_pool_size$|_pool_max$")


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan the size it had before if that was larger, else twice the current size, at most 64."""
    key = _pool_key(state.config)
    size = int(state.config[key]) if key else 0
    if size < 1:
        raise NotPlannable(f"{state.name} has no setting for the size of a connection pool.")
    before = [int(c.before) for c in state.config_history if c.key == key and c.before.isdigit()]
    wanted = min(MAX_SIZE, max([size * 2, *before]))
    if wanted <= size:
        raise NotPlannable(f"The pool of {state.name} is at its cap of {MAX_SIZE}.")
    return Proposal(
        title=f"Raise the pool of {state.name} from {size} to {wanted}",
        request={"action": "set_pool_limit", "workload": state.name, "key": key, "size": wanted},
        undo={"action": "set_pool_limit", "workload": state.name, "key": key, "size": size},
        undo_text=f"Set the pool to {size} again, at once.",
        touched_pods=state.replicas,
        command=f"set pool deployment/{state.name} size={wanted}",
        undo_command=f"set pool deployment/{state.name} size={size}",
    )


def _pool_key(config: Mapping[str, str]) -> str:
    """Return the setting that sizes the pool and holds a number, or nothing."""
    for key, value in sorted(config.items()):
        if POOL.search(re.sub(r"[^a-z0-9]+", "_", key.lower())) and value.isdigit():
            return key
    return ""


KIND = ActionKind(
    "raise_pool_limit", "Raise a pool limit", Risk.YELLOW, plan,
    failure_modes=(
        "The database has no connection left for a larger pool, and others lose theirs.",
        "The pool was full because queries are slow: more of them at once make it worse.",
        "The setting takes effect by a restart of the pods.",
    ),
)  # fmt: skip
