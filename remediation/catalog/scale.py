"""Scale: run more replicas, to an absolute number."""

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import TargetState

FACTOR = 2
MAX_REPLICAS = 24


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan twice the replicas, at most 24: what needs more is looked at again, by people too."""
    wanted = min(state.replicas * FACTOR, MAX_REPLICAS)
    if wanted <= state.replicas:
        raise NotPlannable(
            f"{state.name} has {state.replicas} replicas; the cap is {MAX_REPLICAS}."
        )
    return Proposal(
        title=f"Scale {state.name} from {state.replicas} to {wanted} replicas",
        request={"action": "scale", "workload": state.name, "replicas": wanted},
        undo={"action": "scale", "workload": state.name, "replicas": state.replicas},
        undo_text=f"Scale back to {state.replicas} replicas, about 15 s.",
        touched_pods=wanted - state.replicas,
        command=f"scale deployment/{state.name} --replicas={wanted}",
        undo_command=f"scale deployment/{state.name} --replicas={state.replicas}",
    )


KIND = ActionKind(
    "scale", "Scale", Risk.GREEN, plan, replaces_pods=False, reduces_risk=True,
    failure_modes=(
        "What it calls, a database say, cannot take the larger load.",
        "There is no room for more pods: they wait, and nothing changes.",
    ),
)  # fmt: skip
