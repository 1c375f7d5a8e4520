"""Both adapters, each with the wire format that its server speaks."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agents.llm.adapters.anthropic import AnthropicModel
from agents.llm.adapters.openai import OpenAIModel
from agents.llm.ports import ChatModel
from tests.agents.llm import servers

KEY = "local-key-of-the-test"


@dataclass(frozen=True)
class Wire:
    """One provider as the tests see it."""

    name: str
    events: Callable[..., list[bytes]]
    make: Callable[..., ChatModel]
    suffix: str
    ping: bytes

    def model(self, url: str) -> ChatModel:
        return self.make(model="a-model", key=KEY, base_url=url + self.suffix)


WIRES = {
    "anthropic": Wire(
        "anthropic", servers.anthropic_events, AnthropicModel, "", servers.ANTHROPIC_PING
    ),
    "openai": Wire("openai", servers.openai_events, OpenAIModel, "/v1", b": ping\n\n"),
}


@pytest.fixture
def use_server(settings) -> Callable[[Wire, str], None]:
    """Point the settings at a local server, as an operator would."""

    def use(wire: Wire, url: str) -> None:
        settings.LLM_PROVIDER = wire.name
        settings.LLM_KEYS = {**settings.LLM_KEYS, wire.name: KEY}
        settings.LLM_BASE_URL = url + wire.suffix
        settings.LLM_DEADLINE_SECONDS = 4.0

    return use


@pytest.fixture(params=sorted(WIRES))
def wire(request) -> Wire:
    return WIRES[request.param]
