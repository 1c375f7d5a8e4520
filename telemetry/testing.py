"""The fake of every port, shipped for tests of adapters and agents: give it plain values."""

from telemetry.adapters.memory import PARTS, MemoryData, open_memory_sources
from telemetry.errors import SourceUnavailable
from telemetry.ports import TelemetrySources

__all__ = ["PARTS", "FakeTelemetry", "MemoryData", "open_memory_sources"]


class FakeTelemetry:
    """Every port over plain values, which can be told to fail, to hang or to answer in part.

    A part is one of ``PARTS``: ``metrics``, ``logs``, ``traces``, ``cluster state``, ``changes``,
    ``database state``, ``flows``, ``topology``, ``alerts``.
    """

    def __init__(self, data: MemoryData) -> None:
        self.data = data

    @property
    def sources(self) -> TelemetrySources:
        """The ports."""
        return open_memory_sources(self.data)

    def fail(self, part: str, error: Exception | None = None) -> None:
        """Let a part raise."""
        self.data.errors[_known(part)] = error or SourceUnavailable(f"{part} refused")

    def hang(self, part: str, seconds: float = 10.0) -> None:
        """Let a part answer late."""
        self.data.delays_seconds[_known(part)] = seconds

    def answer_partly(self, part: str, message: str) -> None:
        """Let a part say that its answer is not whole."""
        self.data.problems[_known(part)] = message

    def heal(self) -> None:
        """Let every part answer again."""
        self.data.errors.clear()
        self.data.delays_seconds.clear()
        self.data.problems.clear()


def _known(part: str) -> str:
    if part not in PARTS:
        raise ValueError(f"no part is called {part!r}; there are {', '.join(PARTS)}")
    return part
