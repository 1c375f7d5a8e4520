"""The contract of the ports, held by a real Prometheus and a real Kubernetes."""

from datetime import UTC, datetime, timedelta

import pytest

from telemetry.adapters.kubernetes.api import ClusterAccess
from telemetry.adapters.live import LiveSystems, open_live_sources
from telemetry.adapters.prometheus.source import PrometheusOptions
from telemetry.ask import guarded
from telemetry.types import TimeWindow, service
from tests.contract.suite import *  # noqa: F403  # the tests themselves
from tests.contract.suite import Subject
from tests.real.components import until
from tests.real.production import NAMESPACE, SCRAPE_SECONDS

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]
LACKS = frozenset({"spans", "alerts", "database"})


@pytest.fixture(scope="module")
def changed(production):
    """A harmless rollout, so that the change feed has something to say."""
    production.roll_out("notifications", "3.0.1")
    production.plane.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/notifications")
    return production


@pytest.fixture
def subject(changed):
    now = datetime.now(UTC)
    systems = LiveSystems(
        changed.prometheus_url,
        options=PrometheusOptions(
            namespaces=(NAMESPACE,), scrape_seconds=2 * SCRAPE_SECONDS, databases=("orders-db",)
        ),
        cluster=ClusterAccess(str(changed.plane.reader), namespaces=(NAMESPACE,)),
    )
    empty = TimeWindow(now - timedelta(days=400), now - timedelta(days=399))
    window = TimeWindow(now - timedelta(minutes=10), now)
    sources = guarded(open_live_sources(systems))
    until(lambda: bool(sources.metrics.catalogue([], window).data), "there are metrics")
    return Subject(sources, window, empty, service("payments"), LACKS)
