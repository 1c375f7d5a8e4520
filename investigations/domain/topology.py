"""Learning who calls whom, so that alerts are grouped before anybody has investigated."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from investigations.domain.clock import database_now
from investigations.models import ServiceDependency
from telemetry.ask import guarded
from telemetry.backends import open_sources
from telemetry.types import TimeWindow, TopologyEdge

MAX_EDGES = 5000


def learn_topology() -> int:
    """Read the topology of the default sources and keep it. Returns the number of edges."""
    now = database_now()
    sources = guarded(open_sources(settings.TELEMETRY_DEFAULT))
    answer = sources.topology.graph(TimeWindow(now - timedelta(hours=1), now))
    return save_edges(answer.data.edges, now)


def save_edges(edges: Sequence[TopologyEdge], now: datetime) -> int:
    """Keep edges as seen now. Returns how many."""
    rows = [
        ServiceDependency(caller=str(e.caller), callee=str(e.callee), source=e.source, seen_at=now)
        for e in edges[:MAX_EDGES]
    ]
    ServiceDependency.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["caller", "callee", "source"],
        update_fields=["seen_at"],
    )  # fmt: skip
    return len(rows)
