"""Rounds: what people, alerts or budget changed begins another one."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from agents.domain.phases import MAX_ROUNDS, STATES, agents_for, create_items
from agents.domain.treatments import tell_treatments, unweighed_failures, unweighed_helps
from agents.enums import ASIDE, SPECIALISTS, AgentName, WorkKind, WorkState
from agents.faults.registry import FAULTS
from agents.jobs import enqueue_work_item
from agents.models import WorkItem
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import (
    FOR_AGENTS,
    OVER_STATES,
    AlertStatus,
    DiagnosisVerdict,
    EntryKind,
    HypothesisState,
    InvestigationState,
    SteeringKind,
    SteeringState,
)
from investigations.models import BoardEntry, Investigation, SteeringMessage

RECONCILER = AgentName.RECONCILER.author
OPEN = (WorkState.PENDING.value, WorkState.LEASED.value)
# Alerts come and go: after so many looks at an inconclusive run the next ones wait, each longer.
PROMPT_LOOKS = 3
FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=15)
READERS_TRIED = 3
# A page comes seconds after the fault: what was concluded before so much time has passed since the
# symptom began rests on the very first samples, and is looked at once more.
LOOK_AGAIN = timedelta(seconds=90)
NEVER_RUN = ("proposed", "approved", "denied", "expired", "superseded", "stale")


def open_investigation(investigation_id: int) -> bool:
    """Create the first work item. Idempotent. Returns whether it is new."""
    with writing(investigation_id) as board:
        scope = create_items(
            board.investigation, WorkKind.SCOPE, [AgentName.RECONCILER], round_number=0
        )
    return scope == 1


def wake(investigation_id: int) -> None:
    """See what people changed: read it at once, and begin another round if it asks for one.

    Idempotent. A paused investigation is left alone until it is resumed.
    """
    with writing(investigation_id) as board:
        row = board.investigation
        if row.paused_at is not None:
            return
        is_read = _read_words(row)
        for item in row.work_items.filter(state=WorkState.PENDING):
            enqueue_work_item(item.pk)
    if is_read:
        reenter(investigation_id)


def _read_words(row: Investigation) -> bool:
    """Create the item that reads people's words, if there are any. Returns whether all is read."""
    words = row.hypotheses.filter(fault_class="", note="").exists()
    sent = row.steering.filter(state=SteeringState.SENT, kind__in=FOR_AGENTS)
    if not words and not sent.exists():
        return True
    readers = row.work_items.filter(kind=WorkKind.INTERPRET.value)
    states = list(readers.order_by("-id").values_list("state", flat=True)[:READERS_TRIED])
    if states[:1] and states[0] in OPEN:
        return False
    if len(states) == READERS_TRIED and set(states) == {WorkState.POISONED.value}:
        return True
    WorkItem.objects.create(
        investigation=row, kind=WorkKind.INTERPRET.value, agent=AgentName.RECONCILER.value,
        round=row.round, step_key=f"r{row.round}/interpret/{readers.count()}",
    )  # fmt: skip
    return False


def reenter(investigation_id: int) -> bool:
    """Begin another round if something on the board has not been tested or weighed. Idempotent.

    Returns whether there is work: a new round, or one that is going on.
    """
    with writing(investigation_id) as board:
        row = board.investigation
        if row.paused_at is not None or row.round >= MAX_ROUNDS:
            return False
        items = row.work_items.exclude(kind__in=ASIDE)
        if items.filter(state__in=OPEN).exists():
            return True
        if not items.filter(round=row.round, kind=WorkKind.RECONCILE.value).exists():
            return False
        plan = _next_round(row)
        if plan is None:
            return False
        first, agents, subject, why = plan
        to = STATES[first]
        if row.state == InvestigationState.RECONCILING:
            to = InvestigationState.EXAMINING
        runs.move_investigation(
            investigation_id=investigation_id, to=to, author=RECONCILER, next_round=True,
            sentence=f"Round {row.round + 2}: {why}",
        )  # fmt: skip
        if first is WorkKind.GATHER and row.telemetry.get("kind") != "recorded":
            runs.extend_window(
                investigation_id=investigation_id, until=board.now + timedelta(seconds=1)
            )
        board.investigation.refresh_from_db()
        tell_treatments(board)
        create_items(
            board.investigation, first, agents, round_number=row.round, subject=subject
        )  # fmt: skip
    return True


Plan = tuple[WorkKind, list[AgentName], str, str]


def _next_round(row: Investigation) -> Plan | None:
    """Return the earliest phase that something asks for, who takes part, for whom, and why."""
    messages = list(row.steering.filter(state=SteeringState.READ, kind__in=FOR_AGENTS))
    asked = [m for m in messages if m.kind != SteeringKind.CHALLENGE]
    if asked:
        subject = " ".join(f"S{m.number}" for m in asked)
        return WorkKind.GATHER, _named_agents(asked), subject, "people steered the agents"
    back = _back(row)
    if back is not None:
        return back
    starved = _starved(row)
    if starved is not None:
        return starved, agents_for(starved), "", "there is budget again"
    why = _news(row)
    if why:
        return WorkKind.GATHER, list(SPECIALISTS), "", why
    untested = row.hypotheses.filter(
        state=HypothesisState.PROPOSED, fault_class__in=sorted(FAULTS)
    ).exists()
    if untested:
        return WorkKind.EXAMINE, list(SPECIALISTS), "", "a hypothesis is to be tested"
    if messages:
        return WorkKind.CHALLENGE, [AgentName.RECONCILER], "", "a card was challenged"
    if _is_unweighed(row):
        # Not only weighed anew: whoever leads now has to survive a challenge too.
        return WorkKind.CHALLENGE, [AgentName.RECONCILER], "", "people changed the hypotheses"
    if names := _names(unweighed_helps(row.entries.all())):
        return WorkKind.CHALLENGE, [AgentName.RECONCILER], "", f"{names} helped"
    return None


def _news(row: Investigation) -> str:
    """Return why everything is looked at again though nobody asked for it; empty: it is not."""
    if not is_spent(row) and (names := _names(unweighed_failures(row.entries.all()))):
        return f"{names} did not help"
    if _is_news(row):
        return "the alerts changed"
    return "more data has come in" if _was_early(row) or _burns_on(row) else ""


def _names(actions: QuerySet[BoardEntry]) -> str:
    return " and ".join(actions.order_by("pk").values_list("key", flat=True)[:3])


def _named_agents(messages: list[SteeringMessage]) -> list[AgentName]:
    named = {m.agent for m in messages}
    if "" in named or named - set(SPECIALISTS):
        return list(SPECIALISTS)
    return [name for name in SPECIALISTS if name.value in named]


def _starved(row: Investigation) -> WorkKind | None:
    """Return the first phase of this round that had no budget, if there is some now."""
    if is_spent(row):
        return None
    kinds = set(
        row.work_items.filter(round=row.round, result__skipped="budget").values_list(
            "kind", flat=True
        )
    )
    return next((k for k in (WorkKind.GATHER, WorkKind.EXAMINE) if k.value in kinds), None)


def _back(row: Investigation) -> Plan | None:
    """Return what agents who were paused in this round, and are not now, have to make up for."""
    left_out = row.work_items.filter(round=row.round, result__skipped="paused")
    kinds: dict[str, set[str]] = {}
    for kind, agent in left_out.values_list("kind", "agent"):
        if agent not in row.paused_agents:
            kinds.setdefault(kind, set()).add(agent)
    first = next((k for k in (WorkKind.GATHER, WorkKind.EXAMINE) if k.value in kinds), None)
    if first is None:
        return None
    agents = [name for name in SPECIALISTS if name.value in kinds[first.value]]
    names = ", ".join(name.value for name in agents)
    return first, agents, "", f"{names} is no longer paused"


def is_spent(row: Investigation) -> bool:
    """Whether the investigation has used up one of its budgets."""
    return (
        row.used_queries >= row.budget_queries
        or row.used_rows >= row.budget_rows
        or row.used_seconds >= row.budget_seconds
    )


def _was_early(row: Investigation) -> bool:
    """Whether the latest verdict came before the symptom had lasted, and it has lasted now."""
    latest = row.diagnoses.order_by("-number").first()
    settled = row.incident.started_at + LOOK_AGAIN
    if latest is None or not latest.reached_at < settled <= database_now():
        return False
    return _may_look_again(row)


def _burns_on(row: Investigation) -> bool:
    """Whether no cause is known while an alert still fires: looked at again, ever more seldom."""
    latest = row.diagnoses.order_by("-number").first()
    if latest is None or latest.verdict != DiagnosisVerdict.INCONCLUSIVE:
        return False
    is_due = database_now() >= latest.reached_at + pause_after(latest.number + PROMPT_LOOKS)
    if not is_due or is_spent(row) or not _may_look_again(row):
        return False
    return row.incident.alerts.filter(status=AlertStatus.FIRING).exists()


def _may_look_again(row: Investigation) -> bool:
    """Whether fresh telemetry can tell more: not of a recording, nor after people or actions."""
    if row.telemetry.get("kind") == "recorded" or row.incident.state in OVER_STATES:
        return False
    actions = row.entries.filter(kind=EntryKind.ACTION)
    return not actions.exclude(data__state__in=NEVER_RUN).exists()


def _is_news(row: Investigation) -> bool:
    """Whether alerts joined or ended after a verdict that named no cause.

    An incident that people or an action mitigated is not looked at again: it would look healed.
    """
    latest = row.diagnoses.order_by("-number").first()
    if latest is None or latest.verdict != DiagnosisVerdict.INCONCLUSIVE:
        return False
    if not _may_look_again(row) or database_now() < latest.reached_at + pause_after(latest.number):
        return False
    alerts = row.incident.alerts.filter(
        Q(received_at__gt=latest.reached_at)
        | Q(status=AlertStatus.RESOLVED, ends_at__gt=latest.reached_at)
    )
    return alerts.exists()


def pause_after(looks: int) -> timedelta:
    """Return how long changed alerts wait after the given number of looks at a run."""
    if looks <= PROMPT_LOOKS:
        return timedelta(0)
    factor: int = 2 ** min(looks - PROMPT_LOOKS - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * factor)


def _is_unweighed(row: Investigation) -> bool:
    """Whether a person changed a hypothesis after the last reconciliation had read the board."""
    weighed = row.work_items.filter(
        kind=WorkKind.RECONCILE.value, state=WorkState.DONE.value
    ).order_by("-id")
    last = weighed.first()
    if last is None:
        return False
    since = last.result.get("read_up_to", 0)
    return row.events.filter(
        sequence__gt=since, kind="hypothesis_changed", author__startswith="person/"
    ).exists()
