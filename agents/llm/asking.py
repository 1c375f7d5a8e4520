"""Asking a model within a deadline and a budget: bounded retries, every token counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from agents.llm.ports import (
    BadModelOutput,
    ChatModel,
    ChatRequest,
    Completion,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    Usage,
)

log = structlog.get_logger(__name__)
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
MAX_ATTEMPTS = 3
# An answer that is not what was asked for costs its tokens each time: one more try.
MAX_BAD = 2
MAX_WAIT_SECONDS = 10.0
BACK_OFF_SECONDS = 0.5
MAX_REPLY = 64_000


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A checked answer, with the tokens of all attempts. Estimates stand in for unknown counts."""

    value: T
    input_tokens: int
    output_tokens: int
    model: str


class GaveUp(ModelError):
    """No attempt succeeded. ``usage`` is the total of all of them.

    Attributes:
        is_unavailable: The provider failed, not the answer: others will fail too for a while.
    """

    def __init__(self, reason: str, *, usage: Usage, is_unavailable: bool) -> None:
        super().__init__(reason, usage=usage)
        self.is_unavailable = is_unavailable


@dataclass
class _Tally:
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, usage: Usage | None, request: ChatRequest) -> None:
        if usage is None:
            return
        most = request.most_tokens - request.max_output_tokens
        self.input_tokens += most if usage.input_tokens is None else usage.input_tokens
        self.output_tokens += (
            request.max_output_tokens if usage.output_tokens is None else usage.output_tokens
        )

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def usage(self) -> Usage:
        return Usage(self.input_tokens, self.output_tokens)


def ask(
    model: ChatModel,
    request: ChatRequest,
    parse: Callable[[str], T],
    *,
    allowance_tokens: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer[T]:
    """Ask until an answer parses, at most three times within ``request.deadline_seconds`` in all.

    A wait that the provider asks for is kept, up to 10 s; a longer one ends the asking. No attempt
    starts that could take the total beyond ``allowance_tokens``.

    Raises:
        GaveUp: With the last reason, and what was used.
    """
    until = time.monotonic() + request.deadline_seconds
    tally, bad = _Tally(), 0
    for attempt in range(1, MAX_ATTEMPTS + 1):
        left = until - time.monotonic()
        try:
            _check_allowance(tally, request, allowance_tokens)
            completion = _complete(model, replace(request, deadline_seconds=left))
            tally.add(completion.usage, request)
            value = parse(completion.text)
        except ModelError as error:
            tally.add(error.usage, request)
            bad += isinstance(error, BadModelOutput)
            wait = error.retry_after_seconds or BACK_OFF_SECONDS * 2 ** (attempt - 1)
            log.warning("model.attempt_failed", reason=str(error), attempt=attempt)
            is_last = attempt == MAX_ATTEMPTS or bad >= MAX_BAD or not error.retryable
            if is_last or wait > MAX_WAIT_SECONDS or wait >= until - time.monotonic():
                is_down = isinstance(error, (ModelUnavailable, ModelTimeout))
                raise GaveUp(str(error), usage=tally.usage, is_unavailable=is_down) from error
            sleep(wait)
        else:
            return Answer(value, tally.input_tokens, tally.output_tokens, completion.model)
    raise GaveUp("it was not asked", usage=tally.usage, is_unavailable=False)


def _check_allowance(tally: _Tally, request: ChatRequest, allowance_tokens: int) -> None:
    if tally.total + request.most_tokens > allowance_tokens:
        raise ModelUnavailable("the token budget does not allow another attempt")


def _complete(model: ChatModel, request: ChatRequest) -> Completion:
    if request.deadline_seconds <= 0:
        raise ModelTimeout("it did not answer in time")
    size = 0

    def watch(piece: str) -> None:
        nonlocal size
        size += len(piece)
        if size > MAX_REPLY:
            raise BadModelOutput(
                f"its answer has more than {MAX_REPLY:,} characters", retryable=False, usage=Usage()
            )

    return model.complete(request, on_text=watch)


def read_reply(text: str, shape: type[M]) -> M:
    """Return a model's JSON text as a checked object.

    Text around the outermost braces is ignored: a server without structured output may add some.

    Raises:
        BadModelOutput: It is no JSON, or not of this shape.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise BadModelOutput("its answer is no JSON object")
    try:
        return shape.model_validate_json(text[start : end + 1])
    except ValidationError as error:
        kind = error.errors()[0]["type"].replace("_", " ")
        raise BadModelOutput(f"its answer is not what was asked for ({kind})") from error
    except RecursionError as error:
        raise BadModelOutput("its answer is nested too deeply") from error
