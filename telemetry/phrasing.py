"""Numbers as people read them, with their unit."""

import math
from datetime import datetime

from telemetry.types import utc


def quantity(value: float, unit: str) -> str:
    """Return a value with its unit, at a precision fit to read."""
    if math.isinf(value) or math.isnan(value):
        return "unknown"
    if unit == "ratio":
        return f"{value:.0%}" if abs(value) >= 0.1 else f"{value:.1%}"
    if unit == "seconds":
        return duration(value)
    if unit == "bytes":
        return size(value)
    if unit == "per_second":
        return f"{value:.0f}/s" if abs(value) >= 10 else f"{value:.2g}/s"
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return seconds as ms, s, min, h or d."""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms" if abs(seconds) >= 0.002 else f"{seconds * 1000:.1f} ms"
    if abs(seconds) < 120:
        return f"{seconds:.1f} s" if abs(seconds) < 10 else f"{seconds:.0f} s"
    if abs(seconds) < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if abs(seconds) < 2 * 86_400 else f"{seconds / 86_400:.0f} d"


def size(value: float) -> str:
    """Return bytes with a decimal prefix."""
    for power, name in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if abs(value) >= 10**power:
            return f"{value / 10**power:.3g} {name}"
    return f"{value:.0f} B"


def ratio(value: float) -> str:
    """Return how many times, or that there was nothing before."""
    if math.isinf(value):
        return "from zero"
    return f"{value:.1f}x" if value < 20 else f"{value:.0f}x"


def clock(at: datetime | float | None) -> str:
    """Return a time of day in UTC, or "an unknown time"."""
    if at is None:
        return "an unknown time"
    moment = utc(at) if isinstance(at, float) else at
    return moment.strftime("%H:%M:%SZ")


def counted(number: int, word: str, plural: str = "") -> str:
    """Return a number with its word, singular for one: ``1 query``, ``2 queries``."""
    return f"{number} {word if number == 1 else plural or f'{word}s'}"
