"""Reading from a Kubernetes API server: GET only, bounded in time and size, with typed errors.

The official client brings identity (kubeconfig, in-cluster, TLS); answers are read as plain JSON,
for its typed models refuse what older servers send and cost seconds.
"""

import json
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from telemetry.errors import NotAuthorised, QueryRejected, QueryTimeout, SourceUnavailable
from telemetry.redaction import redact

MAX_BYTES = 24_000_000
PAGE = 500
MAX_PAGES = 8
CHUNK = 65_536
POOL = 32
CONNECT_SECONDS = 3.0
SHOWN = 240
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """Which cluster, as whom.

    Attributes:
        kubeconfig: Path of a kubeconfig; empty means the service account of the pod we run in.
        context: A context of the kubeconfig; empty means its current one.
        namespaces: The namespaces to look at.
        deadline_seconds: For one request.
    """

    kubeconfig: str
    context: str = ""
    namespaces: tuple[str, ...] = ("default",)
    deadline_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects of one kind; ``is_cut`` when there are more than were read."""

    items: tuple[Json, ...]
    is_cut: bool = False


class AnswerTooLarge(QueryRejected):
    """The server answered, with more than is read: what was asked for may have been done."""


class KubernetesApi:
    """One API server. Safe for threads."""

    def __init__(self, access: ClusterAccess) -> None:
        self.access = access

    @cached_property
    def _client(self) -> Any:
        return open_client(self.access)

    def list(self, path: str, query: Mapping[str, str] | None = None) -> Listed:
        """Return every object under a path, page by page, up to 4,000.

        Where the server has forgotten the list before its end (410), what there is counts as cut.
        """
        items: list[Json] = []
        more = dict(query or {})
        for _ in range(MAX_PAGES):
            try:
                page = self.get(path, {**more, "limit": str(PAGE)})
            except QueryRejected:
                if not items:
                    raise
                return Listed(tuple(items), is_cut=True)
            found = page.get("items") or []
            if not isinstance(found, list):
                raise QueryRejected(f"kubernetes answered {path} with no list")
            items += [item for item in found if isinstance(item, dict)]
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return Listed(tuple(items))
            more["continue"] = token
        return Listed(tuple(items), is_cut=True)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Return one answer as JSON."""
        body = self.text(path, query)
        try:
            found = json.loads(body)
        except ValueError as error:
            raise QueryRejected(f"kubernetes answered {path} with no JSON") from error
        if not isinstance(found, dict):
            raise QueryRejected(f"kubernetes answered {path} with no object")
        return found

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return one answer as text.

        Raises:
            SourceUnavailable: No connection, it broke off, 429, or a fault of the server's.
            QueryTimeout: Not all of it within the deadline.
            NotAuthorised: 401 or 403, with what the server says is missing.
            QueryRejected: Another refusal, or an answer that is too large.
        """
        return request(self._client, self.access.deadline_seconds, "GET", path, query).body


@dataclass(frozen=True, slots=True)
class Reply:
    """A status below 300 or one the caller asked for, with its body."""

    status: int
    body: str


def load_library() -> None:
    """Import the official client ahead of its first use."""
    from kubernetes import client, config  # noqa: F401, PLC0415


def open_client(access: ClusterAccess) -> Any:
    """Return an API client of the official library for this identity.

    Raises:
        NotAuthorised: The kubeconfig, or the pod's service account, cannot be read.
    """
    # 80 MB and over a second: only processes that talk to a cluster pay it, on first use.
    from kubernetes import client, config  # noqa: PLC0415

    settings = client.Configuration()
    try:
        if access.kubeconfig:
            config.load_kube_config(
                access.kubeconfig, access.context or None, client_configuration=settings
            )
        else:
            config.load_incluster_config(client_configuration=settings)
    except (config.ConfigException, OSError, ValueError, TypeError) as error:
        where = access.kubeconfig or "the service account of this pod"
        raise NotAuthorised(f"the identity of {where} cannot be read: {error}") from error
    settings.retries = 0
    settings.connection_pool_maxsize = POOL
    return client.ApiClient(settings)


def request(
    client: Any, deadline_seconds: float, method: str, path: str,
    query: Mapping[str, str] | None = None, *, body: object = None,
    content_type: str = "application/json", accepted: frozenset[int] = frozenset(),
) -> Reply:  # fmt: skip
    """Put one request and read its answer within the deadline; see :meth:`KubernetesApi.text`.

    ``accepted`` are statuses from 300 on that the caller handles itself.
    """
    import urllib3  # noqa: PLC0415  # comes with the official client

    ends = time.monotonic() + deadline_seconds
    config = client.configuration
    address = config.host.rstrip("/") + path
    if query:
        address += "?" + urllib.parse.urlencode(query)
    headers = {"Accept": "application/json, */*", "Content-Type": content_type}
    client.update_params_for_auth(headers, [], ["BearerToken"])
    try:
        answer = client.rest_client.pool_manager.request(
            method, address, headers=headers, preload_content=False, retries=False,
            body=None if body is None else json.dumps(body).encode(),
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, deadline_seconds),
                                    read=deadline_seconds),
        )  # fmt: skip
        try:
            text = _read(answer, ends, deadline_seconds)
        finally:
            answer.close()
    except urllib3.exceptions.NewConnectionError as error:  # counts as a timeout there
        raise SourceUnavailable(f"kubernetes: the connection failed ({error})") from error
    except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise QueryTimeout(f"kubernetes did not answer within {deadline_seconds:g} s") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        reason = redact(str(error), limit=160)
        raise SourceUnavailable(f"kubernetes: the connection failed ({reason})") from error
    if answer.status >= 300 and answer.status not in accepted:
        raise refusal(answer.status, text)
    return Reply(answer.status, text)


def _read(answer: Any, ends: float, deadline_seconds: float) -> str:
    parts, size = [], 0
    while part := answer.read1(CHUNK):
        size += len(part)
        if size > MAX_BYTES:
            raise AnswerTooLarge("kubernetes: the answer is larger than 24 MB; ask for less")
        if time.monotonic() > ends:
            raise QueryTimeout(f"kubernetes sent only a part within {deadline_seconds:g} s")
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def refusal(status: int, text: str) -> Exception:
    """Return the error that a status means, with what the server said."""
    said = message_of(text)
    if status in {401, 403}:
        return NotAuthorised(f"kubernetes refused ({status}): {said}")
    if status == 429 or status >= 500:
        return SourceUnavailable(f"kubernetes has no capacity or an error ({status}): {said}")
    return QueryRejected(f"kubernetes refused ({status}): {said}")


def message_of(text: str) -> str:
    """Return what a Status object says, or the beginning of whatever was sent."""
    try:
        found = json.loads(text)
    except ValueError:
        return redact(text, limit=SHOWN) or "nothing"
    said = found.get("message") if isinstance(found, dict) else None
    return redact(str(said or text), limit=SHOWN)
