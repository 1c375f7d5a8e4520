"""One way to ask a server over HTTP: a total deadline, a cap on the answer, typed errors."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from telemetry.errors import NotAuthorised, QueryRejected, QueryTimeout, SourceUnavailable
from telemetry.redaction import redact

MAX_BYTES = 24_000_000
SHOWN = 200
CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a server knows us. Secrets never show in ``repr``.

    Attributes:
        token: Bearer token.
        headers: Further headers, such as ``X-Scope-OrgID`` of a tenant.
        ca_file: Certificates to trust instead of the system's, as a PEM file.
    """

    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str = ""


class JsonServer:
    """A server that answers JSON. Safe for threads; one connection pool.

    Every call ends within ``deadline_seconds`` even if the server sends a byte a second, and
    never holds more than ``max_bytes``.
    """

    def __init__(
        self, name: str, base_url: str, credentials: Credentials | None = None, *,
        deadline_seconds: float = 8.0, max_bytes: int = MAX_BYTES,
    ) -> None:  # fmt: skip
        known = credentials or Credentials()
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.deadline_seconds = deadline_seconds
        self.max_bytes = max_bytes
        headers = {"Accept": "application/json", **known.headers}
        if known.token:
            headers["Authorization"] = f"Bearer {known.token}"
        auth = httpx.BasicAuth(known.username, known.password) if known.username else None
        self._http = httpx.Client(
            headers=headers, auth=auth, verify=_trust(known.ca_file), follow_redirects=False,
            limits=httpx.Limits(max_connections=16),
        )  # fmt: skip

    def get(self, path: str, query: Mapping[str, object]) -> Any:
        """Ask with GET."""
        return self._ask("GET", path, params=_flat(query))

    def post_form(self, path: str, query: Mapping[str, object]) -> Any:
        """Ask with POST and a form, for questions that are too long for an address."""
        return self._ask("POST", path, data=dict(query))

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        """Return the decoded answer.

        Raises:
            SourceUnavailable: No connection, or it broke off, or the server has an error (5xx).
            QueryTimeout: Not all of the answer within the deadline.
            NotAuthorised: 401 or 403.
            QueryRejected: Another refusal, an answer that is too large, or is no JSON.
        """
        ends = time.monotonic() + self.deadline_seconds
        timeout = httpx.Timeout(
            self.deadline_seconds, connect=min(CONNECT_SECONDS, self.deadline_seconds)
        )
        try:
            with self._http.stream(method, self.base_url + path, timeout=timeout, **what) as answer:
                body = self._read(answer, ends)
        except httpx.TimeoutException as error:
            raise QueryTimeout(
                f"{self.name} did not answer within {self.deadline_seconds:g} s"
            ) from error
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"{self.name}: {_reason(error)}") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise QueryRejected(f"{self.name}: its address is not usable ({error})") from error
        _refuse(self.name, answer, body)
        try:
            return json.loads(body)
        except ValueError as error:
            raise QueryRejected(
                f"{self.name} answered something that is not JSON: {_shown(body)}"
            ) from error

    def _read(self, answer: httpx.Response, ends: float) -> bytes:
        parts, size = [], 0
        for part in answer.iter_bytes():
            size += len(part)
            if size > self.max_bytes:
                raise QueryRejected(
                    f"{self.name}: the answer is larger than {self.max_bytes // 1_000_000} MB; "
                    "ask for less"
                )
            if time.monotonic() > ends:
                raise QueryTimeout(
                    f"{self.name} sent only a part within {self.deadline_seconds:g} s"
                )
            parts.append(part)
        return b"".join(parts)


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    if not Path(ca_file).is_file():
        raise QueryRejected(f"there is no file of certificates at {ca_file}")
    return ssl.create_default_context(cafile=ca_file)


def _flat(query: Mapping[str, object]) -> list[tuple[str, str]]:
    flat = []
    for name, value in query.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            flat.append((name, str(item)))
    return flat


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({redact(str(error), limit=SHOWN)})"
    return f"the connection broke off ({type(error).__name__})"


def _refuse(name: str, answer: httpx.Response, body: bytes) -> None:
    status = answer.status_code
    if status < 300:
        return
    said = _said(body)
    if status in {401, 403}:
        raise NotAuthorised(f"{name} refused the credential ({status}): {said}")
    if status >= 500 or status == 429:
        raise SourceUnavailable(f"{name} has an error of its own ({status}): {said}")
    raise QueryRejected(f"{name} refused the question ({status}): {said}")


def _said(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return _shown(body)
    text = found.get("error") or found.get("message") if isinstance(found, dict) else None
    return redact(str(text), limit=SHOWN) if text else _shown(body)


def _shown(body: bytes) -> str:
    return redact(body[:SHOWN].decode("utf-8", "replace"), limit=SHOWN) or "nothing"
