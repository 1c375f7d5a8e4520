"""Revert a setting to the value it had before."""

import re

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import ConfigChange, TargetState


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan the previous value of the setting that the fault is about, else of the latest one."""
    current = [c for c in state.config_history if state.config.get(c.key) == c.after]
    if not current:
        raise NotPlannable(f"No changed setting of {state.name} still has its new value.")
    change = max(enumerate(current), key=lambda item: (_nearness(item[1], treatment), item[0]))[1]
    return Proposal(
        title=f"Revert {change.key} of {state.name} to {change.before}",
        request={"action": "set_config", "workload": state.name, "key": change.key,
                 "value": change.before},
        undo={"action": "set_config", "workload": state.name, "key": change.key,
              "value": change.after},
        undo_text=f"Set {change.key} to {change.after} again, at once.",
        touched_pods=state.replicas,
        command=f"set config deployment/{state.name} {change.key}={change.before}",
    )  # fmt: skip


def _nearness(change: ConfigChange, treatment: Treatment) -> int:
    """Count the words that the setting's name and the fault's name begin alike."""
    stems = {w[:4] for w in re.split(r"[^a-z]+", treatment.fault_class) if len(w) >= 3}
    return sum(w[:4] in stems for w in re.split(r"[^a-z]+", change.key.lower()) if len(w) >= 3)


KIND = ActionKind(
    "revert_config", "Revert a setting", Risk.YELLOW, plan, goes_back=True, reduces_risk=True,
    failure_modes=(
        "The release that runs now needs the new value.",
        "The setting takes effect by a restart of the pods.",
    ),
)  # fmt: skip
