"""A hundred thousand lines of log become a few kinds with counts, and the one that matters stays."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.case import Symptom
from agents.detectors.log_templates import mine
from agents.enums import AgentName, Presence
from agents.scoping import build_case
from agents.specialists.log_checks import check_logs
from agents.specialists.reader import Reader
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import LogLine, TimeWindow, TopologyGraph, service

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CART = service("cart")
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)
BASELINE = TimeWindow(WINDOW.start - timedelta(minutes=15), WINDOW.start)
FATAL = "fatal: no space left on device while writing segment 7741"
KINDS = (
    "retrying call {n} to 10.0.{a}.{b}:8080 after {n} ms", "cache miss for key 0x{n:08x}",
    "slow query took {n} ms, request 5f0c1a2b-0000-4000-8000-{n:012d}",
)  # fmt: skip


def noise(window: TimeWindow, count: int) -> list[LogLine]:
    step = window.duration / count
    return [
        LogLine(window.start + i * step, CART, "warning",
                KINDS[i % len(KINDS)].format(n=i, a=i % 250, b=i % 199))
        for i in range(count)
    ]  # fmt: skip


@pytest.mark.capability(11)
def test_a_hundred_thousand_lines_become_kinds_and_the_rare_fatal_one_stays() -> None:
    lines = noise(WINDOW, 100_000)
    lines.insert(61_803, LogLine(WINDOW.start + timedelta(minutes=6), CART, "fatal", FATAL))
    kinds = mine((line.at.timestamp(), line.body) for line in lines)
    assert sorted(t.count for t in kinds.values()) == [1, 33_333, 33_333, 33_334]
    data = MemoryData(logs=noise(BASELINE, 3_000) + lines, graph=TopologyGraph((CART,)))
    case = build_case(
        guarded(open_memory_sources(data)), (Symptom(CART, NOW, "cart is slow"),), WINDOW, BASELINE
    )
    reader = Reader(case, AgentName.RESOURCE)
    assert reader.logs("window").provenance.truncated_count > 90_000, "the source cuts them"
    (found,) = [f for f in check_logs(reader) if f.presence is Presence.PRESENT]
    assert (found.feature, found.magnitude) == ("disk_logs", 1.0)
    assert found.sample["lines"] == [FATAL]
