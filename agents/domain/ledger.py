"""The ledger of model calls: the budget before a call, what it used after it, and the log's line.

Both writes lock the investigation, so that two steps never spend the same tokens.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from agents.enums import AgentName, CallOutcome
from agents.llm.asking import MAX_ATTEMPTS
from agents.llm.configured import get_prices
from agents.llm.ports import ChatModel, ChatRequest, Usage
from agents.models import ModelCall, WorkItem
from investigations.domain.board import write_entry
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.enums import EntryKind
from investigations.models import Investigation

MODEL = AgentName.MODEL.author
ALONE = "The rules went on alone."
# A step whose worker died twice during its question does not ask a third time.
MAX_ASKED = 2
# A provider that failed is left alone by every worker for so long: it would hold their threads.
REST = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Result:
    """How a question ended, for the ledger. ``sentence`` is for the log of the board."""

    outcome: CallOutcome
    sentence: str
    usage: Usage
    duration_seconds: float
    answer: Mapping[str, object]
    model: str = ""


def stored(item: WorkItem) -> ModelCall | None:
    """Return how this step's question ended before, if it did: it is not asked again."""
    rows = ModelCall.objects.filter(investigation=item.investigation_id, step_key=item.step_key)
    return rows.exclude(outcome=CallOutcome.ASKED.value).order_by("-attempt").first()


def begin(
    item: WorkItem, *, role: str, model: ChatModel, request: ChatRequest, fence: Fence
) -> ModelCall:
    """Write that a question is about to be sent, with the tokens it may use; or that it is not.

    The row is ASKED or, over the budget or while the provider rests, SKIPPED. Why a question was
    skipped is said once per investigation.
    """
    with writing(item.investigation_id, fence=fence) as board:
        row = board.investigation
        earlier = ModelCall.objects.filter(investigation=row, step_key=item.step_key).count()
        reserved = min(tokens_left(row), MAX_ATTEMPTS * request.most_tokens)
        reason, why = _objection(board, model, request, reserved, earlier)
        call = ModelCall(
            investigation=row, step_key=item.step_key, attempt=earlier + 1, role=role,
            provider=model.provider[:32], model=model.model[:128], started_at=board.now,
            request_digest=digest_of_request(request),
        )  # fmt: skip
        if reason:
            call.outcome, call.sentence = CallOutcome.SKIPPED.value, why
            call.save()
            _say_once(board, call, key=f"skipped/{reason}")
        else:
            call.reserved_tokens = reserved
            call.save()
    return call


def close(call: ModelCall, result: Result, *, fence: Fence) -> ModelCall:
    """Write how a question ended, and its line on the log, in one transaction."""
    prices = get_prices()
    call.outcome = result.outcome.value
    call.input_tokens = result.usage.input_tokens or 0
    call.output_tokens = result.usage.output_tokens or 0
    if prices is not None:
        call.cost_cents = prices.cost_cents(
            input_tokens=call.input_tokens, output_tokens=call.output_tokens
        )
    call.duration_seconds = result.duration_seconds
    call.answer = dict(result.answer)
    call.model = (result.model or call.model)[:128]
    call.sentence = result.sentence[:500]
    with writing(call.investigation_id, fence=fence) as board:
        call.save()
        _write(board, call, key=call.step_key)
    return call


def note_failure(item: WorkItem, reason: str) -> None:
    """Say on the log that a step with the model failed for good, outside of any question."""
    with writing(item.investigation_id) as board:
        call, _ = ModelCall.objects.get_or_create(
            investigation=board.investigation, step_key=item.step_key, attempt=MAX_ASKED + 1,
            defaults={
                "role": item.kind, "outcome": CallOutcome.DEGRADED.value,
                "sentence": f"The language model's step failed: {reason}. {ALONE}",
            },
        )  # fmt: skip
        call.refresh_from_db()
        _write(board, call, key=item.step_key)


def tokens_left(investigation: Investigation) -> int:
    """Return the tokens that the investigation may still use, by both of its budgets.

    Questions that have not ended count with all that they may use. With both prices known, the
    money that is left counts as tokens at the dearer price.
    """
    prices = get_prices()
    dearest = max(prices.input_cents, prices.output_cents) if prices else 0.0
    used, cents = 0, 0.0
    for call in ModelCall.objects.filter(investigation=investigation):
        if call.outcome == CallOutcome.ASKED:
            used += call.reserved_tokens
            cents += call.reserved_tokens * dearest / 1e6
        else:
            used += call.input_tokens + call.output_tokens
            cents += call.cost_cents or 0.0
    left: int = settings.LLM_MAX_TOKENS_PER_RUN - used
    if dearest > 0:
        left = min(left, int((settings.LLM_MAX_COST_PER_RUN_CENTS - cents) * 1e6 / dearest))
    return max(0, left)


def digest_of_request(request: ChatRequest) -> str:
    """Return the SHA-256 of what is sent, as hex. It is redacted already."""
    text = "\0".join([request.system, *(m.text for m in request.messages)])
    return hashlib.sha256(text.encode()).hexdigest()


def _objection(
    board: BoardWriter, model: ChatModel, request: ChatRequest, reserved: int, earlier: int
) -> tuple[str, str]:
    """Return why a question is not sent, as a slug and a sentence; empty if it is."""
    if reserved < request.most_tokens:
        return "budget", (
            "The language model was not asked: what is left of this investigation's budget "
            f"({settings.LLM_MAX_TOKENS_PER_RUN:,} tokens) does not cover the question. {ALONE}"
        )
    if earlier >= MAX_ASKED:
        return "lost", f"The language model was not asked again: its worker ended twice. {ALONE}"
    calls = ModelCall.objects.filter(provider=model.provider[:32])
    latest = calls.exclude(
        outcome__in=[CallOutcome.ASKED.value, CallOutcome.SKIPPED.value]
    ).order_by("-started_at").first()  # fmt: skip
    if latest is not None and latest.answer.get("is_unavailable"):
        ended_at = latest.started_at + timedelta(seconds=latest.duration_seconds)
        if board.now - ended_at < REST:
            return "rest", (
                f"The language model was not asked: it failed a moment ago. {ALONE}"
            )  # fmt: skip
    return "", ""


def _say_once(board: BoardWriter, call: ModelCall, *, key: str) -> None:
    if not board.investigation.entries.filter(kind=EntryKind.MODEL_CALL, key=key).exists():
        _write(board, call, key=key)


def _write(board: BoardWriter, call: ModelCall, *, key: str) -> None:
    write_entry(
        board, kind=EntryKind.MODEL_CALL, key=key[:200], author=MODEL, sentence=call.sentence,
        data={
            "role": call.role, "provider": call.provider, "model": call.model,
            "outcome": call.outcome, "sentence": call.sentence, "at": call.started_at.isoformat(),
            "input_tokens": call.input_tokens, "output_tokens": call.output_tokens,
            "cost_cents": call.cost_cents, "duration_seconds": round(call.duration_seconds, 2),
            "round": board.investigation.round,
        },
    )  # fmt: skip
