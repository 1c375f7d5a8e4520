"""Reading what people post: hypotheses in plain words, and messages to the agents."""

from agents.domain.casework import open_case
from agents.domain.crash import crash_at
from agents.enums import AgentName
from agents.faults.vocabulary import match_text
from agents.models import WorkItem
from investigations.domain import hypotheses, runs
from investigations.domain.journal import Fence
from investigations.enums import SteeringKind, SteeringState
from telemetry.types import ResourceRef

RECONCILER = AgentName.RECONCILER.author


def interpret(item: WorkItem, fence: Fence) -> None:
    """Read people's hypotheses and messages, and say what they were taken to mean."""
    investigation = item.investigation
    work = open_case(investigation)
    resources = tuple(dict.fromkeys((*work.case.affected, *work.case.graph.resources)))
    symptom = work.case.symptoms[0].resource
    for hypothesis in investigation.hypotheses.filter(fault_class="", note=""):
        reading = match_text(hypothesis.claim, resources, symptom)
        hypotheses.classify_hypothesis(
            hypothesis_id=hypothesis.pk,
            resource=str(reading.resource) if reading.resource else "",
            fault_class=reading.fault_class, note=reading.note, author=RECONCILER, fence=fence,
        )  # fmt: skip
    unread = investigation.steering.filter(state=SteeringState.SENT)
    for message in unread.exclude(kind=SteeringKind.CHALLENGE):
        named = [r.name for r in match_named(message.text, resources)]
        focus = f" at {', '.join(named)}" if named else ""
        agent = message.agent or "all specialists"
        runs.answer_steering(
            message_id=message.pk, to=SteeringState.ACTED, author=RECONCILER, fence=fence,
            reply=f"Plan changed: {agent} will look again{focus}, with fresh telemetry.",
        )  # fmt: skip
    crash_at("after_interpret")


def match_named(text: str, resources: tuple[ResourceRef, ...]
                ) -> list[ResourceRef]:  # fmt: skip
    """Return the resources that a text names."""
    lower = text.lower()
    return [r for r in resources if r.name.lower() in lower][:5]
