"""OpenAI's chat completions, and servers that speak them, by OpenAI's SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

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

BASE_URL = "https://api.openai.com/v1"


class OpenAIModel:
    """A model behind chat completions. A schema is asked for as the response's format.

    A server that refuses the format is asked once more, with the schema in the text.
    """

    provider = "openai"

    def __init__(self, *, model: str, key: str, base_url: str = "") -> None:
        self.model = model
        self._key = key
        self._base_url = base_url or BASE_URL

    def complete(self, request: ChatRequest, *, on_text: OnText | None = None) -> Completion:
        """Ask once. See :meth:`agents.llm.ports.ChatModel.complete`."""
        reading = Reading(on_text)
        with self._failures(reading), self._client(request) as client:
            try:
                chunks = client.chat.completions.create(**self._body(request, plain=False))
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                chunks = client.chat.completions.create(**self._body(request, plain=True))
            reading.has_begun = True
            with chunks:
                for chunk in chunks:
                    _read(reading, chunk)
        if reading.is_refusal or reading.stop_reason == "content_filter":
            raise ModelRefused("it declined to answer", usage=reading.usage)
        if not reading.is_complete:
            raise ModelUnavailable(CUT, retryable=True, usage=reading.usage)
        return Completion(
            reading.text, reading.usage, reading.model or self.model, reading.stop_reason
        )

    @contextmanager
    def _client(self, request: ChatRequest) -> Iterator[openai.OpenAI]:
        http = open_client(openai.DefaultHttpxClient, request)
        client = openai.OpenAI(
            api_key=self._key, base_url=self._base_url, max_retries=0, http_client=http,
            timeout=timeout_of(request),
        )  # fmt: skip
        with client:
            yield client

    def _body(self, request: ChatRequest, *, plain: bool) -> dict[str, Any]:
        system = schema_in_words(request) if plain else request.system
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": system},
                *({"role": m.role, "content": m.text} for m in request.messages),
            ],
            "stream": True,
        }
        if plain:
            # What the oldest compatible servers know.
            return {**body, "max_tokens": request.max_output_tokens}
        body["max_completion_tokens"] = request.max_output_tokens
        body["stream_options"] = {"include_usage": True}
        if request.reply is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": request.reply.name, "description": request.reply.description,
                    "schema": dict(request.reply.schema), "strict": True,
                },
            }  # fmt: skip
        return body

    @contextmanager
    def _failures(self, reading: Reading) -> Iterator[None]:
        """Turn whatever the SDK raises into the port's errors."""
        try:
            yield
        except (openai.APITimeoutError, httpx2.TimeoutException) as error:
            raise ModelTimeout(TOO_LATE, usage=reading.usage) from error
        except openai.APIStatusError as error:
            header = error.response.headers.get("retry-after")
            raise status_failure(
                error.status_code, retry_after=header, detail=error.message, key=self._key
            ) from error
        except openai.APIConnectionError as error:
            used = reading.usage if reading.has_begun else None
            reason = CUT if reading.has_begun else "it could not be reached"
            raise ModelUnavailable(reason, retryable=True, usage=used) from error
        except httpx2.HTTPError as error:
            raise ModelUnavailable(CUT, retryable=True, usage=reading.usage) from error
        except openai.APIError as error:
            raise ModelUnavailable(
                "it reported an error in its answer", retryable=True, usage=reading.usage
            ) from error
        except (OSError, httpx2.InvalidURL) as error:
            raise ModelUnavailable(f"it could not be reached ({type(error).__name__})") from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise BadModelOutput("its answer cannot be read", usage=reading.usage) from error


def _read(reading: Reading, chunk: ChatCompletionChunk) -> None:
    reading.model = str(chunk.model or reading.model)
    if chunk.usage is not None:
        reading.input_tokens = chunk.usage.prompt_tokens
        reading.output_tokens = chunk.usage.completion_tokens
    for choice in chunk.choices or ():
        if choice.delta.refusal:
            reading.is_refusal = True
        reading.add(choice.delta.content or "")
        if choice.finish_reason:
            # The usage follows in a chunk of its own; without it the answer is whole all the same.
            reading.is_complete = True
            reading.stop_reason = str(choice.finish_reason)
