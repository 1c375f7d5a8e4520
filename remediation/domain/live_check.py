"""Before it runs: is what would run on the live target still what people approved?"""

from remediation.catalog.base import Treatment
from remediation.catalog.registry import CATALOG
from remediation.errors import NotPlannable
from remediation.executors.registry import executor_for
from remediation.guardrails.rules import MAX_SHARE
from remediation.models import Action


def drift_of(action: Action) -> str:
    """Plan the action anew on the live target and say what has changed, or return ``""``.

    Compared are the target's identity and version, the exact request, the pods it touches, the
    risk, and whether its share of the system has come over the cap. The radius is computed here by
    code from live state; nothing that was written before is believed.

    Raises:
        ExecutorError: The target cannot be read.
        NotPlannable: There is no executor for it here.
    """
    state = executor_for(action.executor).observe(action.target.rpartition("/")[2])
    if state.uid != action.target_uid:
        return f"{state.name} was replaced since the plan."
    if state.version != action.target_version:
        return f"{state.name} was changed since the plan."
    kind = CATALOG.get(action.kind)
    if kind is None or kind.version != action.kind_version or kind.risk != action.risk:
        return "The catalogue has changed since the plan."
    treatment = Treatment(action.kind, action.target, action.reason, action.diagnosis.fault_class)
    try:
        now = kind.plan(treatment, state)
    except NotPlannable as error:
        return f"It can no longer be done: {error}"
    if now.request != action.payload:
        return f"On {state.name} as it is now it would be another change."
    before, total = action.blast.get("touched_pods"), action.blast.get("total_pods")
    if not isinstance(before, int) or not isinstance(total, int) or total < 1:
        return "What it would touch was not known."
    if now.touched_pods != before:
        return f"It would now touch {now.touched_pods} pods, not {before}."
    if state.total_pods < 1 or before / total <= MAX_SHARE < before / state.total_pods:
        return f"It would now touch {before} of {state.total_pods} pods, over the cap."
    return ""
