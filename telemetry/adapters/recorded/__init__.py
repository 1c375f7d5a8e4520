"""Recorded incidents: our own folder format, and the public sets' own, through the same ports."""

from collections.abc import Mapping
from dataclasses import replace

from telemetry.adapters.recorded.recording import (
    Recording,
    RecordingError,
    detect_format,
    open_recording,
)
from telemetry.adapters.recorded.writing import write_recording
from telemetry.ports import TelemetrySources


def open_configured(ref: Mapping[str, str]) -> TelemetrySources:
    """Open the recording that a telemetry reference names by ``path``.

    ``without``: fields of :class:`TelemetrySources`, parted by commas, that are left out.
    """
    left_out = [name for name in ref.get("without", "").split(",") if name]
    return replace(open_recording(ref["path"]).sources, **dict.fromkeys(left_out))


__all__ = [
    "Recording",
    "RecordingError",
    "detect_format",
    "open_configured",
    "open_recording",
    "write_recording",
]
