"""The one shape of every answer: data, a status, and where it came from."""

import hashlib
import json
import math
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar, cast

from telemetry.types import TelemetryKind, TimeWindow

T = TypeVar("T")


class ResultStatus(StrEnum):
    """How much of the question was answered. NO_DATA is an answer; ERROR is none."""

    OK = "ok"
    NO_DATA = "no_data"
    PARTIAL = "partial"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an answer came from, exactly enough to ask again.

    Attributes:
        source: Name of the source as configured, for example ``prometheus`` or ``lab``.
        query: The exact query text sent to the source.
        truncated_count: How many rows, lines or series the caps cut off.
        link: A page of the source that shows the same, or ``""``.
    """

    source: str
    kind: TelemetryKind
    query: str
    window: TimeWindow
    fetched_at: datetime
    duration_seconds: float = 0.0
    truncated_count: int = 0
    link: str = ""


def for_query(whole: Provenance, query: str) -> Provenance:
    """Return where one part of a combined answer came from: its own query, and a link to it."""
    address, _, text = whole.link.partition("?")
    fields = dict(urllib.parse.parse_qsl(text))
    link = whole.link
    if "g0.expr" in fields:
        link = f"{address}?{urllib.parse.urlencode({**fields, 'g0.expr': query})}"
    return replace(whole, query=query, link=link)


@dataclass(frozen=True, slots=True)
class QueryResult(Generic[T]):
    """An answer with its provenance. ``message`` says why there is an error or a part only.

    ``is_denied``: the credential lacks a permission; asking again does not help.
    ``is_repeat``: the same question was answered a moment ago, and the source not asked again.
    """

    status: ResultStatus
    data: T
    provenance: Provenance
    message: str = ""
    retryable: bool = False
    is_denied: bool = False
    is_repeat: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether the source answered: OK, PARTIAL or NO_DATA."""
        return self.status is not ResultStatus.ERROR


def finite(value: T) -> T | None:
    """Return JSON-able data with None for each number that JSON does not know: NaN, infinite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return cast("T", {key: finite(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return cast("T", [finite(each) for each in value])
    return value


def canonical(sample: Mapping[str, object] | list[object] | str) -> bytes:
    """Return a JSON-able value as the one text of it: keys sorted, no spaces, ASCII."""
    return json.dumps(sample, sort_keys=True, separators=(",", ":"), default=str).encode()


def digest_of(sample: Mapping[str, object] | list[object] | str) -> str:
    """Return the SHA-256 of a JSON-able result in canonical form, as hex."""
    return hashlib.sha256(canonical(sample)).hexdigest()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the sources that were asked answered."""

    asked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
