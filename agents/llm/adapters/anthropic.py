"""Anthropic's Messages API, and servers that speak it, by Anthropic's SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import httpx2
from anthropic.types import RawMessageStreamEvent

from agents.llm.adapters.wire import (
    CUT,
    TOO_LATE,
    Reading,
    open_client,
    schema_in_words,
    status_failure,
    timeout_of,
)
from agents.llm.ports import (
    BadModelOutput,
    ChatRequest,
    Completion,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    OnText,
)

BASE_URL = "https://api.anthropic.com"


class AnthropicModel:
    """A model behind the Messages API. A schema is asked for as a tool that must be used."""

    provider = "anthropic"

    def __init__(self, *, model: str, key: str, base_url: str = "") -> None:
        self.model = model
        self._key = key
        self._base_url = base_url or BASE_URL

    def complete(self, request: ChatRequest, *, on_text: OnText | None = None) -> Completion:
        """Ask once. See :meth:`agents.llm.ports.ChatModel.complete`."""
        reading = Reading(on_text)
        with self._failures(reading), self._client(request) as client:
            try:
                events = client.messages.create(**self._body(request, plain=False))
            except anthropic.BadRequestError:
                if request.reply is None:
                    raise
                # Some models and compatible servers take no forced tool.
                events = client.messages.create(**self._body(request, plain=True))
            reading.has_begun = True
            with events:
                for event in events:
                    _read(reading, event)
        if reading.stop_reason == "refusal":
            raise ModelRefused("it declined to answer", usage=reading.usage)
        if not reading.is_complete:
            raise ModelUnavailable(CUT, retryable=True, usage=reading.usage)
        return Completion(
            reading.text, reading.usage, reading.model or self.model, reading.stop_reason
        )

    @contextmanager
    def _client(self, request: ChatRequest) -> Iterator[anthropic.Anthropic]:
        http = open_client(anthropic.DefaultHttpxClient, request)
        client = anthropic.Anthropic(
            api_key=self._key, base_url=self._base_url, max_retries=0, http_client=http,
            timeout=timeout_of(request),
        )  # fmt: skip
        with client:
            yield client

    def _body(self, request: ChatRequest, *, plain: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": request.max_output_tokens,
            "system": schema_in_words(request) if plain else request.system,
            "messages": [{"role": m.role, "content": m.text} for m in request.messages],
            "stream": True,
        }
        if request.reply is not None and not plain:
            reply = request.reply
            body["tools"] = [
                {"name": reply.name, "description": reply.description,
                 "input_schema": dict(reply.schema)}
            ]  # fmt: skip
            body["tool_choice"] = {
                "type": "tool", "name": reply.name, "disable_parallel_tool_use": True,
            }  # fmt: skip
        return body

    @contextmanager
    def _failures(self, reading: Reading) -> Iterator[None]:
        """Turn whatever the SDK raises into the port's errors."""
        try:
            yield
        except (anthropic.APITimeoutError, httpx2.TimeoutException) as error:
            raise ModelTimeout(TOO_LATE, usage=reading.usage) from error
        except anthropic.APIStatusError as error:
            if error.status_code < 300:
                raise ModelUnavailable(
                    "it reported an error in its answer", retryable=True, usage=reading.usage
                ) from error
            header = error.response.headers.get("retry-after")
            raise status_failure(
                error.status_code, retry_after=header, detail=error.message, key=self._key
            ) from error
        except anthropic.APIConnectionError as error:
            used = reading.usage if reading.has_begun else None
            reason = CUT if reading.has_begun else "it could not be reached"
            raise ModelUnavailable(reason, retryable=True, usage=used) from error
        except httpx2.HTTPError as error:
            raise ModelUnavailable(CUT, retryable=True, usage=reading.usage) from error
        except (OSError, httpx2.InvalidURL) as error:
            raise ModelUnavailable(f"it could not be reached ({type(error).__name__})") from error
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError) as error:
            raise BadModelOutput("its answer cannot be read", usage=reading.usage) from error


def _read(reading: Reading, event: RawMessageStreamEvent) -> None:
    if event.type == "message_start":
        usage = event.message.usage
        reading.model = str(event.message.model or "")
        reading.input_tokens = (
            usage.input_tokens
            + (usage.cache_creation_input_tokens or 0)
            + (usage.cache_read_input_tokens or 0)
        )
    elif event.type == "content_block_delta":
        if event.delta.type == "text_delta":
            reading.add(event.delta.text)
        elif event.delta.type == "input_json_delta":
            reading.add(event.delta.partial_json)
    elif event.type == "message_delta":
        reading.stop_reason = str(event.delta.stop_reason or "")
        reading.output_tokens = event.usage.output_tokens
    elif event.type == "message_stop":
        reading.is_complete = True
