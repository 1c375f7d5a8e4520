"""What a cluster declares and reports in detail: templates, services, volumes, quotas, tests.

Plain values, filled by every cluster reader as far as its source tells; a kind of object that was
not listed is not in ``ClusterDetails.listed``, so that "absent" is never read from "not asked".
"""

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]
Amounts = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A health check. ``kind``: liveness, readiness or startup; ``protocol``: http, grpc, tcp, exec."""

    kind: str
    protocol: str
    port: str = ""
    delay_seconds: float = 0.0
    timeout_seconds: float = 1.0
    period_seconds: float = 10.0
    failures: int = 3


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares."""

    number: int
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class ObjectUse:
    """A reference to a configuration object. ``kind``: Secret or ConfigMap."""

    kind: str
    name: str
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class ContainerTemplate:
    """One container as declared.

    Attributes:
        arguments: Command and arguments.
        env: Settings that a container sees, those from configuration objects included as far as
            they may be read. A secret's value is never in it: at most its fingerprint.
        requests: CPU in cores and memory in bytes, by name.
        limits: The same.
    """

    name: str
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    probes: tuple[Probe, ...] = ()
    env: Pairs = ()
    uses: tuple[ObjectUse, ...] = ()
    requests: Amounts = ()
    limits: Amounts = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One expression over labels. ``operator``: In, NotIn, Exists, DoesNotExist, Gt, Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Toleration:
    """What a pod puts up with. Empty ``key`` with Exists: everything."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods away from a node."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"


@dataclass(frozen=True, slots=True)
class PodTerm:
    """A required (anti-)affinity to pods: those whose labels meet ``rules``, per ``topology``."""

    topology: str
    rules: tuple[LabelRule, ...]


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What a workload's pods are made from. ``node_affinity``: any of these, each all of its rules."""

    labels: Pairs = ()
    containers: tuple[ContainerTemplate, ...] = ()
    service_account: str = ""
    node_selector: Pairs = ()
    node_affinity: tuple[tuple[LabelRule, ...], ...] = ()
    pod_affinity: tuple[PodTerm, ...] = ()
    pod_anti_affinity: tuple[PodTerm, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    uses: tuple[ObjectUse, ...] = ()
    dns_policy: str = ""
    nameservers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What the scheduler knows of a node. ``allocatable`` and ``requested``: cores and bytes."""

    labels: Pairs = ()
    taints: tuple[Taint, ...] = ()
    allocatable: Amounts = ()
    requested: Amounts = ()


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; ``target`` is a number or the name of a container's port."""

    port: int
    target: str = ""
    name: str = ""
    protocol: str = "TCP"
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A Service with the addresses behind it."""

    name: str
    namespace: str = ""
    selector: Pairs = ()
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = ""
    ready: tuple[str, ...] = ()
    not_ready: tuple[str, ...] = ()
    has_endpoints: bool = True


@dataclass(frozen=True, slots=True)
class ClaimState:
    """A claim for a volume. ``storage_class`` None: the default one."""

    name: str
    phase: str
    storage_class: str | None = None
    access_modes: tuple[str, ...] = ()
    requested_bytes: float = 0.0
    labels: Pairs = ()
    volume: str = ""


@dataclass(frozen=True, slots=True)
class VolumeState:
    """A volume. ``claim``: who holds or held it, as ``namespace/name``."""

    name: str
    phase: str
    storage_class: str = ""
    access_modes: tuple[str, ...] = ()
    capacity_bytes: float = 0.0
    labels: Pairs = ()
    claim: str = ""


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One row of a quota. Amounts in cores, bytes or pieces."""

    quota: str
    namespace: str
    resource: str
    used: float
    hard: float


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """An attempt to reach a Service's port, from ``origin`` (a node or pod) where it is known."""

    service: str
    port: int
    is_open: bool
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ObjectName:
    """A configuration object that exists; its content is nobody's business here."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class ClusterDetails:
    """Everything beside pods, workloads, nodes and events. ``listed``: kinds that were listed."""

    services: tuple[ServiceState, ...] = ()
    claims: tuple[ClaimState, ...] = ()
    volumes: tuple[VolumeState, ...] = ()
    quotas: tuple[QuotaUse, ...] = ()
    tests: tuple[ConnectionTest, ...] = ()
    present: tuple[ObjectName, ...] = ()
    listed: tuple[str, ...] = ()

    def has(self, kind: str, name: str) -> bool | None:
        """Return whether an object exists; None if its kind was not listed."""
        if kind not in self.listed:
            return None
        return ObjectName(kind, name) in self.present
