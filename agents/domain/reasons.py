"""Why a step asks what it asks: what people wanted, and what the hypotheses predict."""

from dataclasses import replace
from datetime import UTC, datetime

from agents.domain.casework import Casework, live_hypotheses
from agents.enums import AgentName
from agents.models import WorkItem
from agents.specialists.registry import REGISTRY
from investigations.enums import SteeringKind
from investigations.models import Investigation, SteeringMessage
from telemetry.types import TimeWindow

NAMED = 3


def asked_by(item: WorkItem) -> list[SteeringMessage]:
    """Return the messages of people that a step was made for, oldest first."""
    numbers = [int(word[1:]) for word in item.subject.split() if word[1:].isdigit()]
    if not numbers:
        return []
    return list(item.investigation.steering.filter(number__in=numbers).order_by("number"))


def focus_window(message: SteeringMessage) -> TimeWindow | None:
    """Return the window that a ``/focus`` names (``20261125T0240/20261125T0255``), if it does."""
    start, _, end = message.subject.partition("/")
    if message.kind != SteeringKind.FOCUS or not end:
        return None
    begin, until = (datetime.strptime(t, "%Y%m%dT%H%M").replace(tzinfo=UTC) for t in (start, end))
    return TimeWindow(begin, until)


def look_where_asked(item: WorkItem, work: Casework) -> Casework:
    """Turn a step's case to the window that people named last; the baseline then ends before it."""
    windows = [w for w in map(focus_window, asked_by(item)) if w is not None]
    if not windows:
        return work
    window, baseline = windows[-1], work.case.baseline
    if baseline.end > window.start:
        length = baseline.end - baseline.start
        baseline = TimeWindow(window.start - length, window.start)
    work.case = replace(work.case, window=window, baseline=baseline)
    return work


def why_gather(item: WorkItem, work: Casework) -> str:
    """Return why a specialist looks over the scope."""
    charter = REGISTRY[AgentName(item.agent)].charter
    asked = asked_by(item)
    if asked:
        names = ", ".join(dict.fromkeys(m.author.removeprefix("person/") for m in asked))
        return f"{names} asked: {asked[-1].text[:100]}"
    again = "Another look with fresh telemetry" if item.round else "First look"
    return f"{again}. {charter}"


def why_examine(investigation: Investigation) -> str:
    """Return which hypotheses a specialist tests."""
    rows = sorted(live_hypotheses(investigation), key=lambda h: -(h.posterior or 0.0))
    named = "; ".join(f"H{h.number} {h.claim[:60]}" for h in rows[:NAMED])
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"To test what would follow from {named}{more}."
