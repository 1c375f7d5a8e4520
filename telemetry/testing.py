"""The fake of every port, shipped for tests of adapters and agents: give it plain values."""

from telemetry.adapters.memory import MemoryData, open_memory_sources

__all__ = ["MemoryData", "open_memory_sources"]
