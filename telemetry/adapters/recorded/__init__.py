"""Recorded incidents: our own folder format, and the public sets' own, through the same ports."""

from collections.abc import Mapping

from telemetry.adapters.memory import open_memory_sources
from telemetry.adapters.recorded.recording import Recording, RecordingError, open_recording
from telemetry.ports import TelemetrySources


def open_configured(ref: Mapping[str, str]) -> TelemetrySources:
    """Open the recording that a telemetry reference names by ``path``."""
    return open_memory_sources(open_recording(ref["path"]).data)


__all__ = ["Recording", "RecordingError", "open_configured", "open_recording"]
