"""The phases of a round, and the work items each of them needs."""

from agents.enums import SPECIALISTS, AgentName, WorkKind
from agents.jobs import enqueue_work_item
from agents.models import WorkItem
from investigations.enums import InvestigationState
from investigations.models import Investigation

PHASES = (
    WorkKind.SCOPE, WorkKind.GATHER, WorkKind.PROPOSE, WorkKind.EXAMINE, WorkKind.CHALLENGE,
    WorkKind.RECONCILE,
)  # fmt: skip
MAX_ROUNDS = 40
STATES = {
    WorkKind.GATHER: InvestigationState.GATHERING,
    WorkKind.PROPOSE: InvestigationState.EXAMINING,
    WorkKind.EXAMINE: InvestigationState.EXAMINING,
    WorkKind.CHALLENGE: InvestigationState.EXAMINING,
    WorkKind.RECONCILE: InvestigationState.RECONCILING,
}
DOING = {
    WorkKind.SCOPE: "deciding what to look at",
    WorkKind.GATHER: "looking over the scope",
    WorkKind.INTERPRET: "reading what people posted",
    WorkKind.PROPOSE: "proposing causes",
    WorkKind.EXAMINE: "testing the hypotheses",
    WorkKind.CHALLENGE: "challenging the strongest evidence",
    WorkKind.RECONCILE: "weighing the evidence",
    WorkKind.CONSULT: "suggesting causes to test",
    WorkKind.SUMMARISE: "writing a summary",
}


def agents_for(kind: WorkKind) -> list[AgentName]:
    """Return who takes part in a phase."""
    if kind in {WorkKind.GATHER, WorkKind.EXAMINE}:
        return list(SPECIALISTS)
    return [AgentName.RECONCILER]


def create_items(
    investigation: Investigation,
    kind: WorkKind,
    agents: list[AgentName],
    *,
    round_number: int,
    subject: str = "",
) -> int:
    """Create a phase's items, each once, and ask workers for them. Returns how many are new.

    Requires: the caller holds the investigation's row, so that nobody else creates them meanwhile.
    """
    keys = {f"r{round_number}/{kind.value}/{agent.value}": agent for agent in agents}
    made = investigation.work_items.filter(step_key__in=keys)
    known = set(made.values_list("step_key", flat=True))
    items = [
        WorkItem(
            investigation=investigation, step_key=key, kind=kind.value, agent=agent.value,
            round=round_number, subject=subject[:200],
        )
        for key, agent in keys.items() if key not in known
    ]  # fmt: skip
    for item in WorkItem.objects.bulk_create(items):
        enqueue_work_item(item.pk)
    return len(items)
