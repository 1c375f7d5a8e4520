"""How far an incident has come: observed, oriented, decided, acted, learned, each with its time."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, F, Func, Min, Q, Value

from investigations.enums import BoardEventKind, IncidentState
from investigations.models import BoardEvent, Investigation

K = BoardEventKind
RAN = ("running", "verifying")
ENDED = ("succeeded", "failed", "undone", "inconclusive")


@dataclass(frozen=True, slots=True)
class LoopStep:
    """One step. ``at`` None: not yet. ``seconds``: since the step before that was reached."""

    name: str
    what: str
    at: datetime | None
    seconds: float | None


def _an_action_is(*states: str) -> Func:
    """Whether an event puts an action into one of these states."""
    wanted = " || ".join(f'@.data.state == "{state}"' for state in states)
    path = f'$.upsert.entries.* ? (@.kind == "action" && ({wanted}))'
    return Func(
        F("payload"), Value(path), function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)", output_field=BooleanField(),
    )  # fmt: skip


def loop_of(investigation: Investigation) -> list[LoopStep]:
    """Return the five steps in order, from the journal alone. One query."""
    rows = BoardEvent.objects.filter(investigation=investigation).alias(
        has_run=_an_action_is(*RAN), has_ended=_an_action_is(*ENDED)
    )
    entry = Q(kind=K.ENTRY_CHANGED)
    resolved = {"payload__upsert__incident__incident__state": IncidentState.RESOLVED.value}
    times = rows.aggregate(
        observe=Min("at", filter=Q(kind__in=[K.ALERT_CHANGED, K.EVIDENCE_POSTED, K.INCIDENT_CHANGED])),
        orient=Min("at", filter=Q(kind=K.HYPOTHESIS_CHANGED)),
        decide=Min("at", filter=Q(kind=K.DIAGNOSIS_REACHED)),
        act=Min("at", filter=entry & Q(has_run=True)),
        learn=Min("at", filter=entry & Q(has_ended=True) | Q(kind=K.DIAGNOSIS_GRADED)
                  | Q(kind=K.INCIDENT_CHANGED, **resolved)),
    )  # fmt: skip
    words = {
        "observe": "opened, and looked at", "orient": "causes named", "decide": "a verdict",
        "act": "a change begun", "learn": "an outcome known",
    }  # fmt: skip
    steps: list[LoopStep] = []
    before: datetime | None = None
    for name, what in words.items():
        at = times[name]
        gap = (at - before).total_seconds() if at and before else None
        steps.append(LoopStep(name, what, at, gap))
        before = at or before
    return steps
