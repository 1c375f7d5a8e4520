"""Who calls whom is learned from spans, and anew with each look."""

from datetime import timedelta

import pytest

from investigations.domain.clock import database_now
from investigations.domain.topology import learn_topology
from investigations.models import ServiceDependency
from investigations.queries.services import EDGE_AGE, landscape
from telemetry.adapters.memory import MemoryData
from telemetry.backends import override_sources
from telemetry.testing import FakeTelemetry
from telemetry.types import Span, service

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def traced(*calls: str) -> list[Span]:
    """Return one trace of calls such as ``shop>cart``, each below the one before."""
    at, spans = database_now() - timedelta(minutes=5), []
    for number, call in enumerate(calls):
        for side, name in enumerate(call.split(">")):
            parent = f"{number}-0" if side else ""
            spans.append(Span(f"t{number}", f"{number}-{side}", parent, service(name), "GET /",
                              at + timedelta(milliseconds=side), 0.02))  # fmt: skip
    return spans


def learned(*calls: str) -> set[tuple[str, str]]:
    """Return the edges that are drawn after a look at these calls; older ones have aged out."""
    ServiceDependency.objects.update(seen_at=database_now() - EDGE_AGE)
    with override_sources(FakeTelemetry(MemoryData(spans=traced(*calls))).sources):
        learn_topology()
    pairs = landscape(database_now()).edges
    return {(a.partition("/")[2], b.partition("/")[2]) for a, b in pairs}


@pytest.mark.capability(10)
def test_the_graph_comes_from_spans_and_changes_with_them() -> None:
    assert learned("shop>cart", "cart>ledger", "shop>cart") == {
        ("shop", "cart"),
        ("cart", "ledger"),
    }
    assert learned("shop>cart", "cart>vault") == {("shop", "cart"), ("cart", "vault")}
    assert {r.source for r in ServiceDependency.objects.all()} == {"traces"}
