"""Asking for causes that the rules may have missed. They are tested like anybody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.case import Symptom
from agents.enums import Presence
from agents.findings import Finding
from agents.llm.asking import read_reply
from agents.llm.fencing import Fence, visible
from agents.llm.ports import ChatRequest, Message, ReplySchema
from telemetry.redaction import redact
from telemetry.types import ResourceRef

MAX_PROPOSALS = 3
MAX_RESOURCES = 60
MAX_WHY = 200
FINDINGS_CHARACTERS = 9000
RESOURCES_CHARACTERS = 4000
KNOWN_CHARACTERS = 2000
TASK = """\
You assist the investigation of an incident in a running system. Rules have already proposed the
causes under "Already proposed". Name at most three other causes that the findings make worth
testing; name none rather than a weak one. Rules will test what you name: you give no weight, no
probability and no verdict.

A cause is a resource, by its number in the list ("R2"), and a fault class of the given list. Say in
at most 200 characters of plain text which finding speaks for it.

{rule}
"""


class _Item(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    resource: str
    fault_class: str
    why: str = ""


class _Reply(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    hypotheses: list[object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A cause from the closed lists, with the model's reason: text that nothing computes with."""

    resource: ResourceRef
    fault_class: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What an answer proposed, and how many of its items were not from the lists."""

    kept: tuple[Proposal, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class Lists:
    """The closed lists: resources by the number they are given in, fault classes with titles."""

    resources: Mapping[str, ResourceRef]
    fault_classes: Mapping[str, str]

    @classmethod
    def of(cls, resources: Sequence[ResourceRef], fault_classes: Mapping[str, str]) -> "Lists":
        """Number the resources: their names are telemetry's text and stay inside the fence."""
        unique = list(dict.fromkeys(resources))[:MAX_RESOURCES]
        return cls({f"R{i}": r for i, r in enumerate(unique, 1)}, fault_classes)


def propose_request(
    symptom: Symptom, findings: Sequence[Finding], known: Sequence[str], lists: Lists
) -> ChatRequest:
    """Return the question: the symptom, claims of findings, and the lists. Telemetry is fenced."""
    fence = Fence()
    classes = "\n".join(f"- {slug}: {title}" for slug, title in lists.fault_classes.items())
    parts = [
        "Symptom:",
        fence.enclose([f"{symptom.resource}: {symptom.summary}"], limit=600),
        "Resources:",
        fence.enclose(
            [f"{key} = {resource}" for key, resource in lists.resources.items()],
            limit=RESOURCES_CHARACTERS,
        ),
        "Findings:",
        fence.enclose([_line(f) for f in _telling(findings)], limit=FINDINGS_CHARACTERS),
        "Already proposed:",
        fence.enclose(known, limit=KNOWN_CHARACTERS),
        f"Fault classes:\n{classes}",
    ]
    return ChatRequest(
        system=TASK.format(rule=fence.rule),
        messages=(Message("user", "\n\n".join(parts)),),
        reply=_schema(lists),
    )


def read_proposals(text: str, lists: Lists) -> Proposals:
    """Return what an answer proposes, as far as it is from the lists, at most three.

    Anything else that the answer holds (weights, verdicts, further fields) is not read.

    Raises:
        BadModelOutput: It is not of the shape that was asked for.
    """
    reply = read_reply(text, _Reply)
    by_name = {str(resource): resource for resource in lists.resources.values()}
    kept: dict[tuple[ResourceRef, str], Proposal] = {}
    for raw in reply.hypotheses[:20]:
        try:
            item = _Item.model_validate(raw)
        except ValidationError:
            continue
        resource = lists.resources.get(item.resource) or by_name.get(item.resource)
        if resource is None or item.fault_class not in lists.fault_classes:
            continue
        if len(kept) < MAX_PROPOSALS:
            proposal = Proposal(resource, item.fault_class, plain_text(item.why, limit=MAX_WHY))
            kept.setdefault((resource, item.fault_class), proposal)
    return Proposals(tuple(kept.values()), len(reply.hypotheses) - len(kept))


def plain_text(text: str, *, limit: int) -> str:
    """Return a model's prose on one line, without secrets and unseen characters, capped."""
    return redact(" ".join(visible(text[: 8 * limit]).split()), limit=limit)


def _telling(findings: Sequence[Finding]) -> list[Finding]:
    """Return what is there, strongest first, then gaps, then what was looked for in vain."""
    order = {Presence.PRESENT: 0, Presence.UNKNOWN: 1, Presence.ABSENT: 2}
    return sorted(findings, key=lambda f: (order[f.presence], -f.strength))


def _line(finding: Finding) -> str:
    since = f", since {finding.onset_at:%H:%M:%S}" if finding.onset_at else ""
    place = f"{finding.resource} to {finding.peer}" if finding.peer else str(finding.resource)
    return f"{finding.presence.value}: {finding.feature} at {place}{since}: {finding.claim}"


def _schema(lists: Lists) -> ReplySchema:
    item = {
        "type": "object",
        "properties": {
            "resource": {"type": "string", "enum": list(lists.resources)},
            "fault_class": {"type": "string", "enum": list(lists.fault_classes)},
            "why": {"type": "string", "description": "At most 200 characters of plain text."},
        },
        "required": ["resource", "fault_class", "why"],
        "additionalProperties": False,
    }
    return ReplySchema(
        name="propose_hypotheses",
        description="Name at most three causes that rules shall test.",
        schema={
            "type": "object",
            "properties": {"hypotheses": {"type": "array", "items": item}},
            "required": ["hypotheses"],
            "additionalProperties": False,
        },
    )
