"""What people post, read and answered: hypotheses in words, messages, challenges of a card."""

import difflib
from dataclasses import replace

from agents.domain.casework import match_named, open_case, parse_resource
from agents.domain.phases import MAX_ROUNDS
from agents.domain.reasons import focus_window
from agents.enums import AgentName, WorkKind
from agents.faults.registry import FAULTS
from agents.faults.vocabulary import Reading, match_text
from agents.models import WorkItem
from investigations.domain import hypotheses, runs
from investigations.domain.crash import crash_at
from investigations.domain.hypotheses import Assessment
from investigations.domain.journal import Fence
from investigations.enums import (
    FOR_AGENTS,
    HANDLES,
    HypothesisState,
    SteeringKind,
    SteeringState,
    TestVerdict,
)
from investigations.models import Evidence, Investigation, SteeringMessage
from telemetry.types import ResourceRef

RECONCILER = AgentName.RECONCILER.author
FREE_CLAIM = "Kept as a claim in words: people can test it."


def interpret(item: WorkItem, fence: Fence) -> None:
    """Read what people posted, and say what it was taken to mean."""
    investigation = item.investigation
    work = open_case(investigation)
    resources = tuple(dict.fromkeys((*work.case.affected, *work.case.graph.resources)))
    symptom = work.case.symptoms[0].resource
    for hypothesis in investigation.hypotheses.filter(fault_class="", note=""):
        reading = match_text(hypothesis.claim, resources, symptom, work.case.graph)
        reading = _beside(reading, investigation)
        row = hypotheses.classify_hypothesis(
            hypothesis_id=hypothesis.pk,
            resource=str(reading.resource) if reading.resource else "",
            fault_class=reading.fault_class, note=reading.note or FREE_CLAIM,
            remark=reading.remark, author=RECONCILER, fence=fence,
        )  # fmt: skip
        if not reading.fault_class:
            _leave_open(item, row.pk, row.note, fence)
    sent = investigation.steering.filter(state=SteeringState.SENT, kind__in=FOR_AGENTS)
    for message in sent:
        to, reply = _reading_of(message, investigation, resources)
        runs.answer_steering(
            message_id=message.pk, to=to, reply=reply, author=RECONCILER, fence=fence
        )
    crash_at("after_interpret")


def _beside(reading: Reading, investigation: Investigation) -> Reading:
    """Return a reading in the light of the other hypotheses of the board.

    A cause that names no resource is that of the only hypothesis of its class. Who only denies is
    told which hypothesis to rule out.
    """
    rows = investigation.hypotheses.exclude(state=HypothesisState.RULED_OUT).order_by("number")
    if reading.is_denial:
        if not reading.denied and reading.denied_at is None:
            return reading
        wanted = {"fault_class": reading.denied} if reading.denied else {}
        if reading.denied_at is not None:
            wanted["resource"] = str(reading.denied_at)
        rival = rows.filter(**wanted).exclude(fault_class="").first()
        told = f" To say so, rule H{rival.number} out instead." if rival else ""
        return replace(reading, note=reading.note + told)
    if reading.fault_class and not reading.is_named and not FAULTS[reading.fault_class].kinds:
        same = list(rows.filter(fault_class=reading.fault_class)[:2])
        if len(same) == 1:
            where = parse_resource(same[0].resource)
            return replace(reading, resource=where,
                           note=f"{FAULTS[reading.fault_class].title} at {where.name}")  # fmt: skip
    return reading


def _leave_open(item: WorkItem, hypothesis_id: int, note: str, fence: Fence) -> None:
    hypotheses.record_assessments(
        investigation_id=item.investigation_id, author=RECONCILER, fence=fence,
        assessments=[
            Assessment(hypothesis_id, HypothesisState.INCONCLUSIVE, TestVerdict.INCONCLUSIVE,
                       None, None, note)
        ],
    )  # fmt: skip


def _reading_of(
    message: SteeringMessage, investigation: Investigation, resources: tuple[ResourceRef, ...]
) -> tuple[SteeringState, str]:
    """Return what becomes of a message now: read, or declined and why."""
    if investigation.round >= MAX_ROUNDS:
        return SteeringState.DECLINED, f"This run has had its {MAX_ROUNDS} rounds."
    if message.kind == SteeringKind.CHALLENGE:
        if challenged_card(message) is None:
            return SteeringState.DECLINED, f"There is no card {message.subject} to re-check."
        return (
            SteeringState.READ,
            f"{message.subject} is re-checked, by another specialist if one can.",
        )
    if message.agent in investigation.paused_agents:
        who = investigation.paused_agents[message.agent]
        return SteeringState.DECLINED, (
            f"{message.agent.capitalize()} is paused by {who}. /resume @{HANDLES[message.agent]} first."
        )
    named = match_named(message.text, resources)
    if message.kind == SteeringKind.FOCUS and not named:
        return SteeringState.DECLINED, _nothing_named(message.text, resources)
    focus = f" at {', '.join(r.name for r in named)}" if named else ""
    who = message.agent.capitalize() if message.agent else "Every specialist"
    span = _span_of(message)
    return SteeringState.READ, f"{who} looks again{focus}{span or ', with fresh telemetry'}."


def _span_of(message: SteeringMessage) -> str:
    window = focus_window(message)
    return f", from {window.start:%H:%MZ} to {window.end:%H:%MZ}" if window else ""


def _nothing_named(text: str, resources: tuple[ResourceRef, ...]) -> str:
    wanted = text.split()[0] if text.split() else ""
    names = list(dict.fromkeys(r.name for r in resources))
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5) or names[:6]
    return f"Nothing in this incident's scope is called {wanted[:60]}. There is: {', '.join(near)}."


def challenged_card(message: SteeringMessage) -> Evidence | None:
    """Return the evidence that a person's challenge is about (``E12``)."""
    number = message.subject.removeprefix("E")
    if not number.isdigit():
        return None
    cards = Evidence.objects.filter(investigation_id=message.investigation_id, number=int(number))
    return cards.first()


def waiting(investigation: Investigation, *, challenges: bool) -> list[SteeringMessage]:
    """Return messages that were read and whose answer is still due, oldest first."""
    rows = investigation.steering.filter(state=SteeringState.READ, kind__in=FOR_AGENTS)
    if challenges:
        return list(rows.filter(kind=SteeringKind.CHALLENGE))
    return list(rows.exclude(kind=SteeringKind.CHALLENGE))


def _began(item: WorkItem) -> set[int]:
    """Return the numbers of the messages that began the item's round."""
    gathers = item.investigation.work_items.filter(round=item.round, kind=WorkKind.GATHER.value)
    return {int(word[1:]) for g in gathers for word in g.subject.split()}


def steerers(item: WorkItem) -> list[int]:
    """Return the ids of the people whose messages began the item's round."""
    rows = item.investigation.steering.filter(number__in=_began(item), posted_by__isnull=False)
    return sorted(set(rows.values_list("posted_by_id", flat=True)))


def answer_messages(item: WorkItem, fence: Fence) -> None:
    """At the end of a round, tell those whose messages began it what it found."""
    investigation = item.investigation
    numbers = _began(item)
    posted = Evidence.objects.filter(
        investigation=investigation, step_key__startswith=f"r{item.round}/"
    ).order_by("number")
    for message in waiting(investigation, challenges=False):
        if message.number not in numbers:
            continue
        author = AgentName(message.agent).author if message.agent in set(AgentName) else ""
        mine = [e for e in posted if author in {"", e.author}]
        found = ", ".join(f"E{e.number}" for e in mine[:6])
        more = f" and {len(mine) - 6} more" if len(mine) > 6 else ""
        runs.answer_steering(
            message_id=message.pk, to=SteeringState.ACTED, author=RECONCILER, fence=fence,
            reply=f"Looked again: {found}{more}." if found else "Looked again: nothing has changed.",
        )  # fmt: skip
