"""Numbers as people read them: see :mod:`telemetry.phrasing`."""

from telemetry.phrasing import clock, duration, quantity, ratio, size

__all__ = ["clock", "duration", "quantity", "ratio", "size"]
