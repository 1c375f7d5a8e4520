"""What both providers share: a client that cannot outlive its deadline, and words for failures."""

import json
import time
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import httpx2

from agents.llm.ports import (
    BadModelOutput,
    ChatRequest,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    OnText,
    Usage,
)
from telemetry.redaction import redact

CONNECT_SECONDS = 5.0
MAX_BYTES = 2_000_000
MAX_DETAIL = 160
TOO_LATE = "it did not answer in time"
CUT = "its answer was cut off"


class _Watched(httpx2.SyncByteStream):
    """A response's bytes, until a deadline and a size: a server may drip them for ever."""

    def __init__(self, inner: httpx2.SyncByteStream, until: float) -> None:
        self._inner, self._until = inner, until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._inner:
            size += len(piece)
            if time.monotonic() > self._until:
                raise ModelTimeout(TOO_LATE, usage=Usage())
            if size > MAX_BYTES:
                raise BadModelOutput(
                    f"it sent more than {MAX_BYTES:,} bytes", retryable=False, usage=Usage()
                )
            yield piece

    def close(self) -> None:
        self._inner.close()


def timeout_of(request: ChatRequest) -> httpx2.Timeout:
    """Return the limits of one wait on the network."""
    seconds = max(0.05, request.deadline_seconds)
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def open_client(make: Callable[..., httpx2.Client], request: ChatRequest) -> httpx2.Client:
    """Return an HTTP client for one request that follows no redirect and ends at the deadline.

    A redirect could carry the key elsewhere.
    """
    until = time.monotonic() + request.deadline_seconds

    def watch(response: httpx2.Response) -> None:
        # The body's reads take their limit from here: what the headers took is gone.
        limits: MutableMapping[str, Any] = response.request.extensions["timeout"]
        limits["read"] = max(0.05, until - time.monotonic())
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Watched(response.stream, until)

    return make(
        timeout=timeout_of(request), follow_redirects=False, event_hooks={"response": [watch]}
    )


class Reading:
    """What has arrived of a streamed answer."""

    def __init__(self, on_text: OnText | None) -> None:
        self._on_text = on_text
        self._pieces: list[str] = []
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.model = ""
        self.stop_reason = ""
        self.has_begun = False
        self.is_refusal = False
        self.is_complete = False

    def add(self, piece: str) -> None:
        """Take a piece of text."""
        if piece:
            self._pieces.append(piece)
            if self._on_text is not None:
                self._on_text(piece)

    @property
    def text(self) -> str:
        """Return what has arrived so far."""
        return "".join(self._pieces)

    @property
    def usage(self) -> Usage:
        """Return the tokens that the provider has counted so far."""
        return Usage(self.input_tokens, self.output_tokens)


def status_failure(
    status: int, *, retry_after: str | None = None, detail: object = None, key: str = ""
) -> ModelError:
    """Return what an HTTP status means. A refused request has used no tokens.

    The provider's own words are quoted, short and without secrets, except about the key.
    """
    if status in {401, 403}:
        return ModelUnavailable(f"it refused the key ({status})")
    said = f": {_quoted(detail, key)}" if detail else ""
    if status == 429:
        wait = _seconds(retry_after)
        reason = "it answered 429 (too many requests)"
        return ModelUnavailable(reason, retryable=True, retry_after_seconds=wait)
    if status in {408, 409} or status >= 500:
        wait = _seconds(retry_after)
        reason = f"it answered {status}"
        return ModelUnavailable(reason, retryable=True, retry_after_seconds=wait)
    if 300 <= status < 400:
        return ModelUnavailable(f"it redirects elsewhere ({status}), which is not followed")
    return ModelUnavailable(f"it refused the request ({status}){said}")


def _quoted(detail: object, key: str) -> str:
    text = detail if isinstance(detail, str) else json.dumps(detail, default=str)
    if key:
        text = text.replace(key, "")
    return " ".join(redact(text, limit=MAX_DETAIL).split())


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 < seconds < 86_400 else None


def schema_in_words(request: ChatRequest) -> str:
    """Return the system text for a server that takes no schema: the schema stands in the text."""
    if request.reply is None:
        return request.system
    schema = json.dumps(request.reply.schema)
    return f"{request.system}\n\nAnswer with one JSON object only, of this JSON Schema:\n{schema}"
