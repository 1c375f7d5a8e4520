"""A small hand-made cluster: two nodes and a shop whose parts tests break one at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agents.case import Symptom
from agents.engine import investigate
from agents.findings import Finding
from agents.reconciler.outcome import Outcome
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.cluster import (
    ClusterDetails,
    ConnectionTest,
    ContainerPort,
    ContainerTemplate,
    NodeFacts,
    ObjectName,
    PodTemplate,
    Probe,
    ServicePort,
    ServiceState,
)
from telemetry.types import (
    ClusterEvent,
    ClusterState,
    LogLine,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    Series,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    WorkloadState,
    service,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ROOM = (("cpu", 4.0), ("memory", 8e9))
NAMES = ("web", "orders", "stock-db")
CALLS = (("web", "orders"), ("orders", "stock-db"))
PORTS = {"web": 8080, "orders": 7000, "stock-db": 3306}


class Shop:
    """web calls orders, orders call stock-db. Everything is well until a test changes it."""

    def __init__(self) -> None:
        self.nodes = {
            name: NodeState(name, True, facts=NodeFacts((("zone", zone),), (), ROOM, ()))
            for name, zone in (("node-a", "1"), ("node-b", "2"))
        }
        self.templates = {name: _template(name) for name in NAMES}
        self.pods = {name: [_pod(name)] for name in NAMES}
        self.desired = dict.fromkeys(NAMES, 1)
        self.services = {
            name: ServiceState(name, "shop", (("app", name),),
                               (ServicePort(PORTS[name], str(PORTS[name])),), ready=("10.0.0.1",))
            for name in NAMES
        }  # fmt: skip
        self.details = ClusterDetails(
            listed=("Service", "Secret", "ConfigMap", "ServiceAccount", "StorageClass",
                    "PersistentVolumeClaim"),
            present=(ObjectName("ServiceAccount", "default"),),
        )  # fmt: skip
        self.events: list[ClusterEvent] = []
        self.lines: list[LogLine] = []
        self.series: list[Series] = []
        self.closed: set[str] = set()

    def template(self, name: str, **changes: object) -> None:
        """Change a workload's template."""
        self.templates[name] = replace(self.templates[name], **changes)  # type: ignore[arg-type]

    def container(self, name: str, **changes: object) -> None:
        """Change a workload's only container."""
        first = replace(self.templates[name].containers[0], **changes)  # type: ignore[arg-type]
        self.template(name, containers=(first, *self.templates[name].containers[1:]))

    def breaks(self, name: str, **pod: object) -> None:
        """Leave a workload without a ready pod, and its service unreachable."""
        self.pods[name] = [replace(p, ready=False, **pod) for p in self.pods[name]]  # type: ignore[arg-type]
        self.services[name] = replace(self.services[name], ready=())
        self.closed.add(name)

    def pending(self, name: str, message: str) -> None:
        """Leave a workload's pod without a node, with what the scheduler said."""
        self.breaks(name, phase="Pending", node="")
        self.event(name, "FailedScheduling", message)

    def event(self, name: str, reason: str, message: str) -> None:
        """Add a warning of half a minute ago."""
        at = NOW - timedelta(seconds=30)
        self.events.append(ClusterEvent(at, service(name), reason, message, True))

    def log(self, name: str, text: str) -> None:
        """Add an error line."""
        self.lines.append(LogLine(NOW - timedelta(seconds=40), service(name), "error", text))

    def state(self) -> ClusterState:
        """Return the cluster as it stands."""
        tests = tuple(ConnectionTest(n, s.ports[0].port, n not in self.closed)
                      for n, s in self.services.items())  # fmt: skip
        return ClusterState(
            pods=tuple(p for pods in self.pods.values() for p in pods),
            workloads=tuple(
                WorkloadState(service(n), "Deployment", self.desired[n],
                              sum(p.ready for p in self.pods[n]), template=self.templates[n])
                for n in NAMES
            ),
            nodes=tuple(self.nodes.values()),
            events=tuple(self.events),
            details=replace(self.details, services=tuple(self.services.values()), tests=tests),
        )  # fmt: skip


def _template(name: str) -> PodTemplate:
    port = PORTS[name]
    env = (("ORDERS_ADDR", "orders:7000"),) if name == "web" else ()
    if name == "orders":
        env = (("MYSQL_HOST", "stock-db"), ("MYSQL_PORT", "3306"))
    container = ContainerTemplate(
        "main", f"registry.test/{name}:1", (ContainerPort(port),),
        (Probe("liveness", "tcp", str(port), 10.0, 5.0), Probe("readiness", "tcp", str(port))),
        env, requests=(("cpu", 0.1), ("memory", 1e8)),
    )  # fmt: skip
    return PodTemplate(labels=(("app", name),), containers=(container,), service_account="default")


def _pod(name: str) -> PodState:
    return PodState(f"{name}-1", name, "shop", "node-a", "Running", True, 0,
                    labels=(("app", name),), image=f"registry.test/{name}:1")  # fmt: skip


def examined(shop: Shop) -> tuple[Outcome, list[Finding]]:
    """Investigate the shop as production would."""
    state = shop.state()
    graph = TopologyGraph(
        tuple(service(n) for n in NAMES),
        tuple(TopologyEdge(service(a), service(b)) for a, b in CALLS),
        tuple((service(p.workload), ResourceRef(ResourceKind.NODE, p.node))
              for p in state.pods if p.node),
    )  # fmt: skip
    data = MemoryData(cluster=state, graph=graph, logs=shop.lines, series=shop.series)
    whole = ResourceRef(ResourceKind.NAMESPACE, "shop")
    symptom = Symptom(whole, NOW - timedelta(minutes=5), "The shop does not work")
    middle = NOW - timedelta(minutes=20)
    case = build_case(
        guarded(open_memory_sources(data), deadline_seconds=20), (symptom,),
        TimeWindow(middle, NOW), TimeWindow(middle - timedelta(minutes=20), middle),
    )  # fmt: skip
    findings: list[Finding] = []
    return investigate(case, weighed=findings), findings
