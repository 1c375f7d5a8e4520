"""From an investigation's telemetry reference to the sources it may ask."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from telemetry.errors import QueryRejected
from telemetry.ports import TelemetrySources

Opener = Callable[[Mapping[str, str]], TelemetrySources]
# kind -> dotted path of a function that opens sources for a reference of that kind.
OPENERS: dict[str, str] = {
    "lab": "telemetry.adapters.lab.open_configured",
    "recorded": "telemetry.adapters.recorded.open_configured",
}
_overrides: list[TelemetrySources] = []
_opened: dict[tuple[tuple[str, str], ...], TelemetrySources] = {}
MAX_OPEN = 8


def open_sources(ref: Mapping[str, str]) -> TelemetrySources:
    """Return the sources for a reference such as ``{"kind": "lab"}``. Kept open per process.

    Raises:
        QueryRejected: No adapter is known for the reference's kind.
    """
    if _overrides:
        return _overrides[-1]
    key = tuple(sorted(ref.items()))
    if key not in _opened:
        path = OPENERS.get(ref.get("kind", ""))
        if path is None:
            raise QueryRejected(f"no telemetry source of kind {ref.get('kind')!r} is known")
        module, _, name = path.rpartition(".")
        opener: Opener = getattr(importlib.import_module(module), name)
        if len(_opened) >= MAX_OPEN:
            _opened.pop(next(iter(_opened)))
        _opened[key] = opener(ref)
    return _opened[key]


@contextmanager
def override_sources(sources: TelemetrySources) -> Iterator[None]:
    """Let every reference open these sources, for tests."""
    _overrides.append(sources)
    try:
        yield
    finally:
        _overrides.pop()
