"""The port behind which every language model stands: one request, one checked answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from agents.errors import AgentError

Role = Literal["user", "assistant"]
OnText = Callable[[str], None]
# What providers put around the texts of a request: roles, the tool's frame.
FRAME_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ReplySchema:
    """The JSON object that is asked for. ``name`` is an identifier; ``schema`` is JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question. ``deadline_seconds`` bounds one attempt from connect to the last byte."""

    system: str
    messages: tuple[Message, ...]
    reply: ReplySchema | None = None
    max_output_tokens: int = 1500
    deadline_seconds: float = 30.0

    @property
    def most_tokens(self) -> int:
        """Return a bound of what one attempt may use.

        A token of a byte-level vocabulary is at least one byte, so the input's bytes bound it.
        """
        texts = [self.system, *(m.text for m in self.messages)]
        schema = len(str(self.reply.schema)) + len(self.reply.description) if self.reply else 0
        size = sum(len(text.encode()) for text in texts)
        # Twice the schema: it may be sent as a tool and, on refusal, as text.
        return size + 2 * schema + FRAME_TOKENS + self.max_output_tokens

    def within(self, seconds: float) -> "ChatRequest":
        """Return the same question with another deadline."""
        return replace(self, deadline_seconds=seconds)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt as the provider counted them; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. ``text`` is the JSON text when a schema was asked for."""

    text: str
    usage: Usage
    model: str
    stop_reason: str


class ModelError(AgentError):
    """The model gave no usable answer. ``str()`` is a clause fit to show.

    Attributes:
        retryable: Whether the same request may succeed a little later.
        retry_after_seconds: What the provider asked to wait, if it did.
        usage: Tokens that were used all the same; None if the request was not taken up.
    """

    retryable = False

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool | None = None,
        retry_after_seconds: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(reason)
        if retryable is not None:
            self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage


class ModelUnavailable(ModelError):
    """The provider could not be reached, refused the request, or cut its answer."""


class ModelTimeout(ModelError):
    """The answer was not complete at the deadline."""


class ModelRefused(ModelError):
    """The model declined to answer."""


class BadModelOutput(ModelError):
    """The answer is not what was asked for. A second try may be."""

    retryable = True


class ChatModel(Protocol):
    """A language model."""

    @property
    def provider(self) -> str:
        """Return the slug of the provider."""

    @property
    def model(self) -> str:
        """Return the name of the model, as it is asked for."""

    def complete(self, request: ChatRequest, *, on_text: OnText | None = None) -> Completion:
        """Ask once and read the streamed answer to its end. Never retries by itself.

        Args:
            request: What to ask; at most ``deadline_seconds`` of wall-clock time are spent on it.
            on_text: Called with each piece of text as it arrives. What it raises ends the call.

        Raises:
            ModelError: One of its kinds; nothing else for whatever the server does.
        """
