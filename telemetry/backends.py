"""From an investigation's telemetry reference to the sources it may ask."""

import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from telemetry.adapters.memory import PARTS, MemoryData, open_memory_sources
from telemetry.errors import QueryRejected, TelemetryError
from telemetry.ports import TelemetrySources

Opener = Callable[[Mapping[str, str]], TelemetrySources]
# kind -> dotted path of a function that opens sources for a reference of that kind.
OPENERS: dict[str, str] = {
    "lab": "telemetry.adapters.lab.open_configured",
    "recorded": "telemetry.adapters.recorded.open_configured",
    "live": "telemetry.adapters.live.open_configured",
}
# A recording is held whole in memory, so few are kept.
MAX_OPEN = 3
_overrides: list[TelemetrySources] = []
_opened: OrderedDict[tuple[tuple[str, str], ...], TelemetrySources] = OrderedDict()
_lock = threading.Lock()


def open_sources(ref: Mapping[str, str]) -> TelemetrySources:
    """Return the sources for a reference such as ``{"kind": "lab"}``. Kept open per process.

    Sources that cannot be opened answer every query with the reason, so that a run ends with data
    gaps and does not fail; they are tried anew the next time.

    Raises:
        QueryRejected: No adapter is known for the reference's kind.
    """
    if _overrides:
        return _overrides[-1]
    key = tuple(sorted(ref.items()))
    with _lock:
        if key in _opened:
            _opened.move_to_end(key)
            return _opened[key]
        try:
            sources = _opener(ref.get("kind", ""))(ref)
        except TelemetryError as error:
            if isinstance(error, UnknownKind):
                raise
            return broken_sources(ref.get("kind", ""), str(error))
        _opened[key] = sources
        while len(_opened) > MAX_OPEN:
            _opened.popitem(last=False)
        return sources


class UnknownKind(QueryRejected):
    """No adapter is known for this kind of telemetry."""


def _opener(kind: str) -> Opener:
    path = {**OPENERS, **_configured()}.get(kind)
    if path is None:
        raise UnknownKind(f"no telemetry source of kind {kind!r} is known")
    module, _, name = path.rpartition(".")
    found: Opener = getattr(importlib.import_module(module), name)
    return found


def _configured() -> Mapping[str, str]:
    """Return ``settings.TELEMETRY_BACKENDS``; telemetry is used without Django too."""
    from django.conf import settings  # noqa: PLC0415  # plain Python but for this
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    try:
        found: Mapping[str, str] = getattr(settings, "TELEMETRY_BACKENDS", {})
    except ImproperlyConfigured:
        return {}
    return found


def broken_sources(name: str, reason: str) -> TelemetrySources:
    """Return sources of which every port answers that it is not there, and why."""
    return open_memory_sources(MemoryData(name=name, problems=dict.fromkeys(PARTS, reason)))


@contextmanager
def override_sources(sources: TelemetrySources) -> Iterator[None]:
    """Let every reference open these sources, for tests."""
    _overrides.append(sources)
    try:
        yield
    finally:
        _overrides.pop()
