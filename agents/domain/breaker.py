"""Letting a source rest that did not answer in time, so that it costs its deadline once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from telemetry.errors import SourceUnavailable
from telemetry.ports import TelemetrySources
from telemetry.results import QueryResult, ResultStatus

REST_SECONDS = 30.0
MAX_KEPT = 64


class Breaker:
    """Which ports of one investigation's sources are resting, in this process."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def check(self, port: str) -> None:
        """Refuse to ask a port that rests.

        Raises:
            SourceUnavailable: It did not answer in time a moment ago.
        """
        if time.monotonic() < self._until.get(port, 0.0):
            raise SourceUnavailable("it did not answer in time a moment ago")

    def note(self, result: QueryResult[object], *, deadline_seconds: float) -> None:
        """See an answer: one that took its whole deadline and failed lets the port rest."""
        source = result.provenance
        if (
            result.status is ResultStatus.ERROR
            and source.duration_seconds >= 0.95 * deadline_seconds
        ):
            self._until[source.kind.value] = time.monotonic() + REST_SECONDS


KINDS = {
    "metrics": "metric", "logs": "log", "traces": "trace", "cluster": "cluster",
    "changes": "change", "database": "database", "flows": "flow", "topology": "topology",
}  # fmt: skip
_kept: "OrderedDict[int, Breaker]" = OrderedDict()
_lock = threading.Lock()


def breaker_of(investigation_id: int) -> Breaker:
    """Return the investigation's breaker in this process."""
    with _lock:
        breaker = _kept.setdefault(investigation_id, Breaker())
        _kept.move_to_end(investigation_id)
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return breaker


class _Resting:
    """A port behind a breaker: every question is refused while it rests."""

    def __init__(self, port: object, kind: str, breaker: Breaker) -> None:
        self._port, self._kind, self._breaker = port, kind, breaker

    @property
    def name(self) -> str:
        return str(getattr(self._port, "name", self._kind))

    def __getattr__(self, question: str) -> Callable[..., Any]:
        ask: Callable[..., Any] = getattr(self._port, question)

        def guarded_ask(*args: object, **options: object) -> object:
            self._breaker.check(self._kind)
            return ask(*args, **options)

        return guarded_ask


def behind(sources: TelemetrySources, breaker: Breaker) -> TelemetrySources:
    """Return the sources with every connected port behind the breaker."""
    ports: dict[str, Any] = {}
    for field in fields(sources):
        port = getattr(sources, field.name)
        if port is not None and field.name in KINDS:
            ports[field.name] = _Resting(port, KINDS[field.name], breaker)
    return replace(sources, **ports)
