"""Which model the settings name, if any, and what it may cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from agents.llm.ports import ChatModel, ModelUnavailable

DEFAULT_MODELS = {"anthropic": "claude-haiku-5-5", "openai": "gpt-5.4-mini"}
NO_KEY = "none"
_override: list[ChatModel] = []


@dataclass(frozen=True, slots=True)
class Prices:
    """Cents per million tokens."""

    input_cents: float
    output_cents: float

    def cost_cents(self, *, input_tokens: int, output_tokens: int) -> float:
        """Return what so many tokens cost, in cents."""
        return (input_tokens * self.input_cents + output_tokens * self.output_cents) / 1e6


def configured_provider() -> str:
    """Return ``anthropic``, ``openai``, or ``""``: there is no model and nothing may be sent.

    Imports no SDK. A provider that is named needs its key; OpenAI's form also does without one when
    a base URL is given (a server of one's own).
    """
    if _override:
        return _override[-1].provider
    keys: dict[str, str] = settings.LLM_KEYS
    named: str = settings.LLM_PROVIDER
    if not named:
        return next((provider for provider, key in keys.items() if key), "")
    if keys.get(named) or (named == "openai" and settings.LLM_BASE_URL):
        return named
    return ""


def get_chat_model() -> ChatModel | None:
    """Return the configured model, or None. Imports the provider's SDK on first use.

    Raises:
        ModelUnavailable: The provider's package is not installed.
    """
    if _override:
        return _override[-1]
    provider = configured_provider()
    if not provider:
        return None
    make = _anthropic if provider == "anthropic" else _openai
    name = settings.LLM_MODEL or DEFAULT_MODELS[provider]
    try:
        return make(name, settings.LLM_KEYS[provider] or NO_KEY, settings.LLM_BASE_URL)
    except ImportError as error:
        raise ModelUnavailable(f"the package of {provider} is not installed") from error


def get_prices() -> Prices | None:
    """Return the configured prices, or None unless both are known."""
    into: float | None = settings.LLM_INPUT_PRICE_CENTS
    out: float | None = settings.LLM_OUTPUT_PRICE_CENTS
    return None if into is None or out is None else Prices(into, out)


@contextmanager
def override_chat_model(model: ChatModel) -> Iterator[None]:
    """Use this model inside the block, in every thread of this process. For tests and measuring."""
    _override.append(model)
    try:
        yield
    finally:
        _override.remove(model)


def _anthropic(model: str, key: str, base_url: str) -> ChatModel:
    # The SDK takes seconds to import: only workers that ask a model pay for it.
    from agents.llm.adapters.anthropic import AnthropicModel  # noqa: PLC0415

    return AnthropicModel(model=model, key=key, base_url=base_url)


def _openai(model: str, key: str, base_url: str) -> ChatModel:
    from agents.llm.adapters.openai import OpenAIModel  # noqa: PLC0415  # as above

    return OpenAIModel(model=model, key=key, base_url=base_url)
