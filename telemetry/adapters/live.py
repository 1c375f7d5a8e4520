"""The real systems that the settings name, as one set of sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from telemetry.adapters.kubernetes.api import ClusterAccess, KubernetesApi
from telemetry.adapters.kubernetes.logs import KubernetesLogs
from telemetry.adapters.kubernetes.rollouts import KubernetesChanges
from telemetry.adapters.kubernetes.state import KubernetesReader
from telemetry.adapters.prometheus.api import PrometheusApi
from telemetry.adapters.prometheus.graph import PrometheusEdges, PrometheusTopology
from telemetry.adapters.prometheus.mapping import load_mapping
from telemetry.adapters.prometheus.source import PrometheusMetrics, PrometheusOptions
from telemetry.http import Credentials, JsonServer
from telemetry.ports import TelemetrySources


@dataclass(frozen=True, slots=True)
class LiveSystems:
    """What is connected. An empty address, or no access, means that it is not.

    Attributes:
        mapping: A mapping file of the user's, before the shipped rules; or nothing.
    """

    prometheus_url: str = ""
    credentials: Credentials = field(default_factory=Credentials)
    options: PrometheusOptions = field(default_factory=PrometheusOptions)
    mapping: str = ""
    cluster: ClusterAccess | None = None
    deadline_seconds: float = 8.0


def open_live_sources(systems: LiveSystems) -> TelemetrySources:
    """Return the ports of what is connected; asks nothing yet.

    Raises:
        QueryRejected: The mapping file, or the file of certificates, cannot be read.
    """
    metrics = topology = traces = None
    if systems.prometheus_url:
        server = JsonServer(
            "prometheus", systems.prometheus_url, systems.credentials,
            deadline_seconds=systems.deadline_seconds,
        )  # fmt: skip
        api = PrometheusApi(server, load_mapping(systems.mapping))
        metrics = PrometheusMetrics(api, systems.options)
        topology = PrometheusTopology(api, systems.options)
        traces = PrometheusEdges(api, systems.options)
    cluster = changes = logs = None
    if systems.cluster is not None:
        kubernetes = KubernetesApi(systems.cluster)
        cluster = KubernetesReader(kubernetes)
        changes = KubernetesChanges(kubernetes)
        logs = KubernetesLogs(kubernetes)
    return TelemetrySources(
        metrics=metrics, topology=topology, traces=traces,
        cluster=cluster, changes=changes, logs=logs,
    )  # fmt: skip


def configured_systems() -> LiveSystems:
    """Return what ``settings.PROMETHEUS`` and ``settings.KUBERNETES`` name."""
    from django.conf import settings  # noqa: PLC0415  # adapters are plain Python but for this

    metrics, cluster = settings.PROMETHEUS, settings.KUBERNETES
    tenant = metrics["tenant"]
    deadline = settings.TELEMETRY_DEADLINE_SECONDS
    return LiveSystems(
        prometheus_url=metrics["url"],
        credentials=Credentials(
            token=metrics["token"], username=metrics["username"], password=metrics["password"],
            headers={"X-Scope-OrgID": tenant} if tenant else {}, ca_file=metrics["ca_file"],
        ),
        options=PrometheusOptions(
            namespaces=tuple(cluster["namespaces"]), scrape_seconds=metrics["scrape_seconds"],
            page_url=metrics["page_url"], databases=tuple(metrics["databases"]),
        ),
        mapping=metrics["mapping"],
        cluster=ClusterAccess(
            cluster["kubeconfig"], cluster["context"], tuple(cluster["namespaces"]), deadline
        ) if cluster["is_connected"] else None,
        deadline_seconds=deadline,
    )  # fmt: skip


def open_configured(ref: Mapping[str, str]) -> TelemetrySources:
    """Open the systems of the settings; ``ref`` needs nothing more."""
    return open_live_sources(configured_systems())
