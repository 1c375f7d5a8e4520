"""Asking for a summary in prose: every sentence cites evidence, and code checks that it exists."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.llm.asking import read_reply
from agents.llm.fencing import Fence
from agents.llm.ports import ChatRequest, Message, ReplySchema
from agents.llm.roles.propose import plain_text

MAX_SENTENCES = 5
MAX_SENTENCE = 400
MAX_CITED = 8
EVIDENCE_CHARACTERS = 10_000
VERDICT_CHARACTERS = 3000
ADDRESS = re.compile(r"://|www\.|\]\(|<[a-z/!]|\bdata:|javascript:", re.I)
NAMED = re.compile(r"\bE(\d{1,9})\b")
TASK = """\
Rules have investigated an incident in a running system and reached the verdict below. Write a
summary of two to five short sentences for the person on call: what users see, what the evidence
says, and what is not known. Plain text: no markup, no addresses, no instructions or approvals.

Each sentence cites, by number, the pieces of evidence that it rests on. Cite only what is listed. A
sentence that cites nothing, or something that is not listed, is thrown away. Do not contradict the
verdict, and do not add causes.

{rule}
"""


class _Item(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    text: str
    evidence: list[int]


class _Reply(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")
    sentences: list[object]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the numbers of the evidence that it cites, all of which exist."""

    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What remains of an answer after the check, and how many sentences did not pass."""

    sentences: tuple[Sentence, ...]
    dropped: int


def summary_request(verdict: Sequence[str], evidence: Mapping[int, str]) -> ChatRequest:
    """Return the question: the verdict's lines and the evidence's claims by number, all fenced."""
    fence = Fence()
    parts = [
        "Verdict of the rules:",
        fence.enclose(verdict, limit=VERDICT_CHARACTERS),
        "Evidence:",
        fence.enclose(
            [f"{number}: {claim}" for number, claim in evidence.items()], limit=EVIDENCE_CHARACTERS
        ),
    ]
    return ChatRequest(
        system=TASK.format(rule=fence.rule),
        messages=(Message("user", "\n\n".join(parts)),),
        reply=SCHEMA,
    )


def read_summary(text: str, numbers: frozenset[int]) -> Summary:
    """Return the sentences of an answer that cite evidence, all of it among ``numbers``.

    A sentence is dropped when it cites nothing, cites or names evidence that does not exist, is
    empty, or holds an address or markup.

    Raises:
        BadModelOutput: It is not of the shape that was asked for.
    """
    reply = read_reply(text, _Reply)
    checked = [_checked(raw, numbers) for raw in reply.sentences[:20]]
    kept = tuple(s for s in checked if s is not None)[:MAX_SENTENCES]
    return Summary(kept, len(reply.sentences) - len(kept))


def _checked(raw: object, numbers: frozenset[int]) -> Sentence | None:
    try:
        item = _Item.model_validate(raw)
    except ValidationError:
        return None
    text = plain_text(item.text, limit=MAX_SENTENCE)
    cited = tuple(dict.fromkeys(item.evidence))
    named = {int(number) for number in NAMED.findall(text)}
    is_sound = bool(text and cited) and {*cited, *named} <= numbers and not ADDRESS.search(text)
    return Sentence(text, cited[:MAX_CITED]) if is_sound else None


SCHEMA = ReplySchema(
    name="write_summary",
    description="Write the summary as sentences that each cite evidence by number.",
    schema={
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "evidence": {"type": "array", "items": {"type": "integer"}},
                    },
                    "required": ["text", "evidence"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["sentences"],
        "additionalProperties": False,
    },
)
