"""Each fault of a small cluster is told by name, and a healthy cluster by none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from telemetry.cluster import (
    ClaimState,
    ContainerPort,
    ContainerTemplate,
    LabelRule,
    NodeFacts,
    ObjectName,
    ObjectUse,
    PodTerm,
    Probe,
    QuotaUse,
    ServicePort,
    Taint,
    VolumeState,
)
from tests.agents.clusters import ROOM, Shop, examined

pytestmark = pytest.mark.unit
Break = Callable[[Shop], None]
NONE_FIT = "0/2 nodes are available"
CASES: dict[str, tuple[str, Break]] = {}


def breaking(fault: str, blamed: str) -> Callable[[Break], Break]:
    def keep(change: Break) -> Break:
        CASES[f"{fault}: {change.__name__}"] = (blamed, change)
        return change

    return keep


@breaking("node_selector_mismatch", "service/orders")
def selector(shop: Shop) -> None:
    shop.template("orders", node_selector=(("zone", "9"),))
    shop.pending("orders", f"{NONE_FIT}: 2 node(s) didn't match Pod's node affinity/selector.")


@breaking("node_affinity_mismatch", "service/orders")
def affinity(shop: Shop) -> None:
    shop.template("orders", node_affinity=((LabelRule("zone", "NotIn", ("1", "2")),),))
    shop.pending("orders", f"{NONE_FIT}: 2 node(s) didn't match Pod's node affinity/selector.")


@breaking("pod_anti_affinity_conflict", "service/orders")
def anti_affinity(shop: Shop) -> None:
    term = PodTerm("kubernetes.io/hostname", (LabelRule("app", "In", ("web",)),))
    shop.template("orders", pod_anti_affinity=(term,))
    shop.pods["web"].append(replace(shop.pods["web"][0], name="web-2", node="node-b"))
    shop.desired["web"] = 2
    shop.pending("orders", f"{NONE_FIT}: 2 node(s) didn't match pod anti-affinity rules.")


@breaking("taint_not_tolerated", "service/orders")
def taints(shop: Shop) -> None:
    bars = (Taint("dedicated", "batch"),)
    for name, node in shop.nodes.items():
        shop.nodes[name] = replace(node, facts=NodeFacts((), bars, ROOM, ()))
    shop.pending("orders", f"{NONE_FIT}: 2 node(s) had untolerated taint {{dedicated: batch}}.")


@breaking("taint_not_tolerated", "service/orders")
def the_only_fitting_node_is_tainted(shop: Shop) -> None:
    facts = NodeFacts((("disk", "ssd"),), (Taint("dedicated", "batch"),), ROOM, ())
    shop.nodes["node-b"] = replace(shop.nodes["node-b"], facts=facts)
    shop.template("orders", node_selector=(("disk", "ssd"),))
    shop.pending("orders", f"{NONE_FIT}: 1 node(s) had untolerated taint, 1 didn't match.")


@breaking("node_cordoned", "service/orders")
def cordon(shop: Shop) -> None:
    for name, node in shop.nodes.items():
        shop.nodes[name] = replace(node, unschedulable=True)
    shop.pending("orders", f"{NONE_FIT}: 2 node(s) were unschedulable.")


@breaking("insufficient_cpu", "service/orders")
def cpu(shop: Shop) -> None:
    shop.container("orders", requests=(("cpu", 64.0), ("memory", 1e8)))
    shop.pending("orders", f"{NONE_FIT}: 2 Insufficient cpu.")


@breaking("insufficient_memory", "service/orders")
def memory(shop: Shop) -> None:
    shop.container("orders", requests=(("cpu", 0.1), ("memory", 64e9)))
    shop.pending("orders", f"{NONE_FIT}: 2 Insufficient memory.")


def claimed(shop: Shop, claim: ClaimState, *volumes: VolumeState) -> None:
    shop.template("stock-db", claims=(claim.name,))
    shop.details = replace(shop.details, claims=(claim,), volumes=volumes)
    shop.pending("stock-db", f"{NONE_FIT}: pod has unbound immediate PersistentVolumeClaims.")


CLAIM = ClaimState("data", "Pending", "disk", ("RWO",), 1e9)
VOLUME = VolumeState("volume-1", "Available", "disk", ("RWO",), 1e9)


@breaking("volume_access_mode_mismatch", "service/stock-db")
def mode(shop: Shop) -> None:
    claimed(shop, replace(CLAIM, access_modes=("RWX",)), VOLUME)


@breaking("volume_capacity_mismatch", "service/stock-db")
def capacity(shop: Shop) -> None:
    claimed(shop, replace(CLAIM, requested_bytes=9e9), VOLUME)


@breaking("volume_selector_mismatch", "service/stock-db")
def volume_labels(shop: Shop) -> None:
    claimed(shop, replace(CLAIM, labels=(("tier", "gold"),)), VOLUME)


@breaking("storage_class_mismatch", "service/stock-db")
def storage_class(shop: Shop) -> None:
    claimed(shop, replace(CLAIM, storage_class="faster"), VOLUME)


@breaking("volume_occupied", "service/stock-db")
def occupied(shop: Shop) -> None:
    claimed(shop, CLAIM, replace(VOLUME, phase="Bound", claim="shop/other"))


@breaking("service_account_missing", "service/orders")
def account(shop: Shop) -> None:
    shop.template("orders", service_account="order-taker")
    shop.breaks("orders")
    shop.pods["orders"] = []
    shop.event("orders", "FailedCreate", 'Error creating: pods "orders-" is forbidden: error '
               'looking up service account shop/order-taker: serviceaccount "order-taker" not found')  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "amount", "fault"),
    [("requests.cpu", "1", "quota_cpu"), ("limits.memory", "1Gi", "quota_memory"),
     ("pods", "1", "quota_pods")],
)  # fmt: skip
def test_a_full_quota_is_told_by_what_it_limits(resource: str, amount: str, fault: str) -> None:
    shop = Shop()
    shop.breaks("orders")
    shop.pods["orders"] = []
    shop.event("orders", "FailedCreate", f'Error creating: pods "orders-x" is forbidden: exceeded '
               f"quota: most, requested: {resource}={amount}, used: {resource}=10, limited: 10")  # fmt: skip
    outcome, _ = examined(shop)
    assert outcome.leader is not None
    assert (str(outcome.leader.cause.resource), outcome.leader.cause.fault_class) == (
        "namespace/shop", fault,
    )  # fmt: skip


@breaking("quota_services", "namespace/shop")
def services_quota(shop: Shop) -> None:
    del shop.services["orders"]
    quota = QuotaUse("most", "shop", "services", 2, 2)
    shop.details = replace(shop.details, quotas=(quota,))
    shop.log("web", "dial tcp: lookup orders on 10.0.0.10:53: no such host")


@breaking("quota_storage", "namespace/shop")
def storage_quota(shop: Shop) -> None:
    shop.template("stock-db", claims=("data",))
    quota = QuotaUse("most", "shop", "requests.storage", 5e9, 5e9)
    shop.details = replace(shop.details, quotas=(quota,))
    shop.pending("stock-db", f'{NONE_FIT}: persistentvolumeclaim "data" not found.')


def unpulled(shop: Shop, why: str) -> None:
    shop.breaks("orders", phase="ImagePullBackOff", reason="ImagePullBackOff")
    shop.event("orders", "Failed", f'Failed to pull image "registry.test/orders:1": {why}')


@breaking("image_not_found", "service/orders")
def image(shop: Shop) -> None:
    unpulled(shop, "rpc error: code = NotFound: registry.test/orders:1: not found")


@breaking("image_not_found", "service/orders")
def denied_where_others_need_no_login(shop: Shop) -> None:
    unpulled(shop, "pull access denied, repository does not exist or may require authorization")


@breaking("image_pull_unauthorized", "service/orders")
def login(shop: Shop) -> None:
    unpulled(shop, "failed to authorize: failed to fetch anonymous token: 401 Unauthorized")


@breaking("registry_dns", "service/orders")
def registry(shop: Shop) -> None:
    unpulled(shop, "dial tcp: lookup registry.test on 10.0.0.2:53: no such host")


@breaking("secret_missing", "service/orders")
def secret(shop: Shop) -> None:
    shop.container("orders", uses=(ObjectUse("Secret", "orders-login"),))
    shop.breaks("orders", phase="Pending", reason="CreateContainerConfigError")
    shop.event("orders", "Failed", 'Error: secret "orders-login" not found')


@breaking("volume_permission", "service/stock-db")
def permission(shop: Shop) -> None:
    shop.breaks("stock-db", phase="CrashLoopBackOff", reason="CrashLoopBackOff", restarts=4)
    shop.log("stock-db", "Fatal: cannot open /data/ibdata1: Permission denied")


@breaking("scaled_to_zero", "service/orders")
def zero(shop: Shop) -> None:
    shop.breaks("orders")
    shop.pods["orders"], shop.desired["orders"] = [], 0


def probed(shop: Shop, kind: str, probe: Probe, message: str) -> None:
    others = tuple(p for p in shop.templates["orders"].containers[0].probes if p.kind != kind)
    shop.container("orders", probes=(*others, replace(probe, kind=kind)))
    if kind == "readiness":
        shop.breaks("orders")
    else:
        shop.pods["orders"] = [replace(p, restarts=4) for p in shop.pods["orders"]]
    shop.event("orders", "Unhealthy", f"{kind.capitalize()} probe failed: {message}")


@breaking("liveness_port", "service/orders")
def liveness_port(shop: Shop) -> None:
    probed(shop, "liveness", Probe("", "tcp", "7001", 10), "dial tcp 10.0.0.1:7001: refused")


@breaking("liveness_protocol", "service/orders")
def liveness_protocol(shop: Shop) -> None:
    said = 'Get "http://10.0.0.1:7000/": malformed HTTP response'
    probed(shop, "liveness", Probe("", "http", "7000", 10), said)


@breaking("liveness_timing", "service/orders")
def liveness_timing(shop: Shop) -> None:
    probe = Probe("", "tcp", "7000", 0, 1, 1, failures=1)
    probed(shop, "liveness", probe, "dial tcp 10.0.0.1:7000: i/o timeout")


@breaking("readiness_port", "service/orders")
def readiness_port(shop: Shop) -> None:
    probed(shop, "readiness", Probe("", "tcp", "7001"), "dial tcp 10.0.0.1:7001: refused")


@breaking("readiness_protocol", "service/orders")
def readiness_protocol(shop: Shop) -> None:
    said = "error reading server preface: http2: frame too large"
    probed(shop, "readiness", Probe("", "grpc", "7000"), said)


def crashed(shop: Shop, text: str, name: str = "orders") -> None:
    shop.breaks(name, phase="CrashLoopBackOff", reason="CrashLoopBackOff", restarts=5)
    shop.log(name, text)


@breaking("oom_kill", "service/orders")
def oom(shop: Shop) -> None:
    shop.breaks("orders", phase="CrashLoopBackOff", reason="CrashLoopBackOff", restarts=3,
                last_termination="OOMKilled", exit_code=137)  # fmt: skip


@breaking("database_credentials", "service/orders")
def credentials(shop: Shop) -> None:
    crashed(shop, "SQLException: Access denied for user 'shop'@'10.0.0.1' (using password: YES)")


@breaking("database_port", "service/orders")
def database_port(shop: Shop) -> None:
    shop.container("orders", env=(("MYSQL_HOST", "stock-db"), ("MYSQL_PORT", "3307")))
    crashed(shop, "Communications link failure: Connection refused")


@breaking("database_read_only", "service/stock-db")
def read_only(shop: Shop) -> None:
    crashed(shop, "The MySQL server is running with the --read-only option so it cannot execute")


@breaking("database_connections", "service/stock-db")
def connections(shop: Shop) -> None:
    crashed(shop, "Data source rejected establishment of connection: Too many connections")


@breaking("sidecar_port_conflict", "service/orders")
def sidecar(shop: Shop) -> None:
    beside = ContainerTemplate("metrics", "registry.test/metrics:1", (ContainerPort(7000),))
    shop.template("orders", containers=(*shop.templates["orders"].containers, beside))
    crashed(shop, "listen tcp :7000: bind: address already in use")


@breaking("service_selector", "service/orders")
def service_selector(shop: Shop) -> None:
    shop.services["orders"] = replace(
        shop.services["orders"], selector=(("app", "order"),), ready=()
    )
    shop.closed.add("orders")


@breaking("service_target_port", "service/orders")
def target_port(shop: Shop) -> None:
    shop.services["orders"] = replace(shop.services["orders"], ports=(ServicePort(7000, "7070"),))
    shop.closed.add("orders")


@breaking("service_protocol", "service/orders")
def protocol(shop: Shop) -> None:
    port = ServicePort(7000, "7000", protocol="UDP")
    shop.services["orders"] = replace(shop.services["orders"], ports=(port,))
    shop.closed.add("orders")


@breaking("service_address", "service/web")
def address(shop: Shop) -> None:
    shop.container("web", env=(("ORDERS_ADDR", "order:7000"),))
    shop.log("web", "dial tcp: lookup order on 10.0.0.10:53: no such host")


@breaking("service_address", "service/web")
def address_port(shop: Shop) -> None:
    shop.container("web", env=(("ORDERS_ADDR", "orders:7001"),))
    for _ in range(4):
        shop.log("web", "dial tcp 10.0.0.1:7001: connect: connection refused")


@breaking("own_name_server", "service/orders")
def name_server(shop: Shop) -> None:
    shop.template("orders", dns_policy="None", nameservers=("192.0.2.9",))
    crashed(shop, "UnknownHostException: stock-db: Temporary failure in name resolution")


@breaking("gateway_route", "service/web")
def route(shop: Shop) -> None:
    routes = '[{"uri": "http://stock-db:3306", "predicates": ["Path=/api/orders/**"]}]'
    shop.container("web", env=(("ROUTES", routes),))


def daemon(shop: Shop, name: str, ready: bool = True) -> None:
    node = shop.nodes["node-a"]
    shop.nodes["node-a"] = replace(node, ready=ready, services_down=(name,))


@breaking("container_runtime_down", "node/node-a")
def runtime(shop: Shop) -> None:
    daemon(shop, "containerd", ready=False)
    shop.breaks("orders", phase="ContainerCreating", reason="ContainerCreating")
    shop.event("orders", "FailedCreatePodSandBox", "dial unix containerd.sock: no such file")


@breaking("kubelet_down", "node/node-a")
def kubelet(shop: Shop) -> None:
    daemon(shop, "kubelet", ready=False)
    shop.breaks("orders")


@breaking("kube_proxy_down", "node/node-a")
def kube_proxy(shop: Shop) -> None:
    daemon(shop, "kube-proxy")


@breaking("scheduler_down", "node/node-a")
def scheduler(shop: Shop) -> None:
    daemon(shop, "kube-scheduler")
    shop.breaks("orders", phase="Pending", node="")


def broken(change: Break) -> Shop:
    shop = Shop()
    shop.details = replace(
        shop.details, present=(*shop.details.present, ObjectName("StorageClass", "disk"))
    )
    change(shop)
    return shop


@pytest.mark.parametrize("name", list(CASES))
def test_the_fault_is_told_by_name(name: str) -> None:
    fault = name.partition(":")[0]
    blamed, change = CASES[name]
    outcome, _ = examined(broken(change))
    assert outcome.leader is not None
    assert outcome.leader.cause.fault_class == fault
    assert str(outcome.leader.cause.resource) == blamed
