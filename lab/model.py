"""The practice system's fixed parts: services, their dependencies, nodes, and normal settings."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP_SECONDS = 2.0
NAMESPACE = "prod"
DATABASE_NAME = "orders-db"
EXTERNAL_NAME = "bank-gateway"
DATABASE_CONNECTIONS_MAX = 200
NODES = ("node-a", "node-b", "node-c", "node-d")


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service as it normally is. Times in seconds, memory in bytes, CPU in cores."""

    name: str
    replicas: int
    service_seconds: float
    threads: int
    calls: tuple[tuple[str, float], ...] = ()
    external_rate: float = 0.0
    memory_bytes: float = 260e6
    memory_limit_bytes: float = 512e6
    kind: str = "service"


BASE_SERVICES = (
    ServiceSpec(
        "storefront", 4, 0.006, 24, (("catalogue", 1.0), ("recommendations", 0.4), ("cart", 0.5),
        ("search", 0.35), ("checkout", 0.12), ("users", 0.3)), external_rate=220.0,
    ),
    ServiceSpec("catalogue", 4, 0.010, 12, (("cache", 1.0),), external_rate=25.0),
    ServiceSpec("search", 3, 0.024, 10, (("catalogue", 0.5),), external_rate=20.0),
    ServiceSpec("recommendations", 2, 0.014, 10, (("catalogue", 0.4),)),
    ServiceSpec("cart", 3, 0.007, 14, (("cache", 1.2), ("inventory", 0.3))),
    ServiceSpec("users", 2, 0.006, 14, ((DATABASE_NAME, 0.6),)),
    ServiceSpec(
        "checkout", 3, 0.014, 12, (("payments", 1.0), ("orders", 1.0), ("cart", 1.0))
    ),
    ServiceSpec("payments", 3, 0.012, 12, ((EXTERNAL_NAME, 1.0), (DATABASE_NAME, 1.0))),
    ServiceSpec(
        "orders", 3, 0.010, 12, ((DATABASE_NAME, 2.0), ("inventory", 1.0), ("notifications", 1.0))
    ),
    ServiceSpec("inventory", 3, 0.008, 12, ((DATABASE_NAME, 1.0),)),
    ServiceSpec("notifications", 2, 0.008, 10),
    ServiceSpec("cache", 2, 0.0008, 64, memory_bytes=700e6, memory_limit_bytes=1.2e9),
    ServiceSpec(DATABASE_NAME, 1, 0.003, 48, kind="database", memory_bytes=3.1e9,
                memory_limit_bytes=8e9),
    ServiceSpec(EXTERNAL_NAME, 1, 0.060, 400, kind="external"),
)  # fmt: skip

FILLER_WORDS = (
    "pricing", "shipping", "tax", "reviews", "loyalty", "coupons", "returns", "media", "audit",
    "wishlist", "stores", "fraud", "ledger", "invoices", "email", "push", "geo", "feeds", "ads",
    "sessions",
)  # fmt: skip


def filler_services(count: int) -> tuple[ServiceSpec, ...]:
    """Return more services of the same style, each called by an existing one."""
    made = []
    for index in range(count):
        word = FILLER_WORDS[index % len(FILLER_WORDS)]
        turn = index // len(FILLER_WORDS)
        name = word if turn == 0 else f"{word}-{turn + 1}"
        calls = (("cache", 0.5),) if index % 3 == 0 else ()
        made.append(ServiceSpec(name, 2, 0.006 + 0.001 * (index % 7), 10, calls))
    return tuple(made)


@dataclass(slots=True)
class Topology:
    """Services and edges as arrays. Row and column order is that of ``specs``."""

    specs: tuple[ServiceSpec, ...]
    index: dict[str, int] = field(init=False)
    callers: NDArray[np.int64] = field(init=False)
    callees: NDArray[np.int64] = field(init=False)
    fan: Floats = field(init=False)
    edge_index: dict[tuple[str, str], int] = field(init=False)
    to_database: NDArray[np.bool_] = field(init=False)
    outgoing: dict[str, list[int]] = field(init=False)
    incoming: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.index = {spec.name: i for i, spec in enumerate(self.specs)}
        edges = [
            (self.index[spec.name], self.index[callee], fan)
            for spec in self.specs
            for callee, fan in spec.calls
        ]
        self.callers = np.array([e[0] for e in edges], dtype=np.int64)
        self.callees = np.array([e[1] for e in edges], dtype=np.int64)
        self.fan = np.array([e[2] for e in edges], dtype=np.float64)
        self.edge_index = {
            (self.specs[c].name, self.specs[d].name): k for k, (c, d, _) in enumerate(edges)
        }
        self.to_database = np.array([self.specs[d].kind == "database" for _, d, _ in edges])
        self.outgoing = {spec.name: [] for spec in self.specs}
        self.incoming = {spec.name: [] for spec in self.specs}
        for (caller, callee), k in self.edge_index.items():
            self.outgoing[caller].append(k)
            self.incoming[callee].append(k)

    @property
    def size(self) -> int:
        return len(self.specs)

    def edges_from(self, name: str) -> list[int]:
        return self.outgoing[name]

    def edges_to(self, name: str) -> list[int]:
        return self.incoming[name]


def build_topology(services: int) -> Topology:
    """Return the base system, with fillers up to ``services`` in all."""
    specs = list(BASE_SERVICES)
    extra = filler_services(max(0, services - len(specs)))
    hosts = ("storefront", "checkout", "orders", "catalogue", "users")
    for index, filler in enumerate(extra):
        host = hosts[index % len(hosts)]
        at = next(i for i, spec in enumerate(specs) if spec.name == host)
        spec = specs[at]
        specs[at] = ServiceSpec(
            spec.name, spec.replicas, spec.service_seconds, spec.threads,
            (*spec.calls, (filler.name, 0.2)), spec.external_rate,
            spec.memory_bytes, spec.memory_limit_bytes, spec.kind,
        )  # fmt: skip
        specs.append(filler)
    return Topology(tuple(specs))


def default_config(spec: ServiceSpec) -> dict[str, str]:
    """Return the settings a workload normally runs with."""
    config = {"log.level": "info", "http.timeout_ms": "1000", "retries.max": "1",
              "retries.backoff_ms": "200", "cpu.limit_cores": "2.0"}  # fmt: skip
    if any(callee == DATABASE_NAME for callee, _ in spec.calls):
        config["db.pool_size"] = "8"
    return config
