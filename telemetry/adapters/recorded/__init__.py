"""Recorded incidents: our own folder format, and the public sets' own, through the same ports."""

from collections.abc import Mapping

from telemetry.adapters.recorded.recording import (
    Recording,
    RecordingError,
    detect_format,
    open_recording,
)
from telemetry.adapters.recorded.writing import write_recording
from telemetry.ports import TelemetrySources


def open_configured(ref: Mapping[str, str]) -> TelemetrySources:
    """Open the recording that a telemetry reference names by ``path``."""
    return open_recording(ref["path"]).sources


__all__ = [
    "Recording",
    "RecordingError",
    "detect_format",
    "open_configured",
    "open_recording",
    "write_recording",
]
