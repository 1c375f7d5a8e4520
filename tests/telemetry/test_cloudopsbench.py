"""Captured kubectl text becomes typed state; hand-made answers, none of the set's."""

import json
from datetime import UTC, datetime

import pytest

from telemetry.adapters.kubernetes.manifests import claim_of, quotas_of, service_of, template_of
from telemetry.adapters.kubernetes.quantities import amount
from telemetry.adapters.recorded import open_recording
from telemetry.adapters.recorded.kubectl_text import age_seconds, events, table
from telemetry.adapters.recorded.secrets_declared import readable
from telemetry.addresses import pointers
from telemetry.types import ResourceKind, Semantic, service

pytestmark = pytest.mark.unit

DESCRIBED_POD = """Name:             orders-6f96d9cc9-abcde
Namespace:        shop
Node:             node-a/10.1.0.1
Labels:           app=orders
                  tier=back
Status:           Pending
IP:               10.2.0.7
Containers:
  main:
    Image:          registry.test/orders:1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          False
Conditions:
  Type              Status
  Ready             False
Events:
  Type     Reason     Age                From     Message
  ----     ------     ----               ----     -------
  Normal   Pulled     2m                 kubelet  Container image is there
  Warning  BackOff    5s (x9 over 3m1s)  kubelet  Back-off restarting failed container
"""
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  template:
    metadata: {labels: {app: orders}}
    spec:
      nodeSelector: {disk: ssd}
      containers:
      - name: main
        image: registry.test/orders:1
        ports: [{containerPort: 7000}]
        envFrom: [{secretRef: {name: orders-db}}]
        resources: {limits: {cpu: 500m, memory: 64Mi}}
        livenessProbe: {grpc: {port: 7001}, initialDelaySeconds: 3}
---
apiVersion: v1
kind: Secret
metadata: {name: orders-db}
stringData: {DB_HOST: stock-db, DB_PORT: '3307', DB_PASSWORD: hunter2}
"""


def key(tool: str, **given: object) -> str:
    return f"{tool}:{json.dumps(given)}"


def listing(sort: str) -> str:
    return key("GetResources", resource_type=sort, name="", namespace="shop")


def described(sort: str, name: str) -> str:
    return key("DescribeResource", resource_type=sort, name=name, namespace="shop")


@pytest.fixture
def case() -> dict[str, object]:
    return {
        "id": "made-up", "namespace": "shop", "query": "The shop is slow.",
        "collection_timestamp": "2026-05-04T12:05:00", "recent_logs": {
            "orders.previous": ["2026-05-04T12:04:30.5+08:00 ERROR no more memory"],
        },
        "metrics_csv": None,
        "tool_cache": {
            listing("pods"): (
                "NAME                     READY   STATUS             RESTARTS     AGE\n"
                "orders-6f96d9cc9-abcde   0/1     CrashLoopBackOff   4 (9s ago)   3m\n"
            ),
            listing("deployments"): "NAME     READY   UP-TO-DATE   AVAILABLE   AGE\n"
                                    "orders   0/1     1            0           3m\n",
            listing("services"): "NAME     TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)    AGE\n"
                                 "orders   ClusterIP   10.3.0.9     <none>        80/TCP     3m\n",
            listing("nodes"): "NAME     STATUS                     ROLES   AGE   VERSION\n"
                              "node-a   Ready,SchedulingDisabled   node    9d    v1.31\n",
            described("pods", "orders-6f96d9cc9-abcde"): DESCRIBED_POD,
            described("services", "orders"): "Name:        orders\nSelector:    app=orders\n"
                                             "IP:          10.3.0.9\nPort:        http  80/UDP\n"
                                             "TargetPort:  7000/UDP\nEvents:      <none>\n",
            described("endpoints", "orders"): "Name:  orders\nSubsets:\n"
                                              "  Addresses:          <none>\n"
                                              "  NotReadyAddresses:  10.2.0.7\n",
            described("resourcequota", "most"): "Name:       most\nNamespace:  shop\n"
                                                "Resource      Used  Hard\n--------      ----  ----\n"
                                                "requests.cpu  500m  2\n",
            key("GetAppYAML", app_name="orders"): MANIFEST,
            key("CheckNodeServiceStatus", node_name="node-a", service_name="kube-proxy"):
                "Status: x\n  Active: inactive (dead)",
            key("CheckServiceConnectivity", service_name="orders", namespace="shop", port=80):
                "=== report ===\nPod deployed on node-a: Connection Failed\n"
                "Pod deployed on node-b: Connection Succeeded",
            key("GetAlerts"): {"alerts": [{
                "type": "Service", "name": "orders", "evidence": [
                    "LATENCY [Slow] | p50latency: Normal=10.0ms -> Current=900.0ms (+8900%)"],
                "time_range": "2026-05-04 12:01:00 ~ 2026-05-04 12:03:00"}]},
        },
    }  # fmt: skip


@pytest.fixture
def loaded(tmp_path, case):
    path = tmp_path / "made-up.json"
    path.write_text(json.dumps(case))
    return open_recording(path)


def test_a_pod_is_read_from_its_description(loaded) -> None:
    (pod,) = loaded.data.cluster.pods
    assert (pod.workload, pod.node, pod.reason) == ("orders", "node-a", "CrashLoopBackOff")
    assert (pod.last_termination, pod.exit_code, pod.ready) == ("OOMKilled", 137, False)
    assert pod.labels == (("app", "orders"), ("tier", "back"))


def test_services_tell_ports_protocol_and_addresses(loaded) -> None:
    (one,) = loaded.data.cluster.details.services
    assert (one.ports[0].port, one.ports[0].target, one.ports[0].protocol) == (80, "7000", "UDP")
    assert (one.ready, one.not_ready, one.has_endpoints) == ((), ("10.2.0.7",), True)


def test_nodes_tests_quotas_and_events_are_read(loaded) -> None:
    state = loaded.data.cluster
    assert state.nodes[0].unschedulable
    assert state.nodes[0].services_down == ("kube-proxy",)
    assert [(t.origin, t.is_open) for t in state.details.tests] == [
        ("node-a", False), ("node-b", True),
    ]  # fmt: skip
    assert (state.details.quotas[0].used, state.details.quotas[0].hard) == (0.5, 2.0)
    warning = next(e for e in state.events if e.is_warning)
    assert (warning.resource, warning.count) == (service("orders"), 9)
    assert warning.at == datetime(2026, 5, 4, 12, 4, 55, tzinfo=UTC)


def test_the_template_is_read_and_no_secret_value_is_kept(loaded) -> None:
    (workload,) = loaded.data.cluster.workloads
    container = workload.template.containers[0]
    assert workload.template.node_selector == (("disk", "ssd"),)
    assert (container.probes[0].protocol, container.probes[0].port) == ("grpc", "7001")
    env = dict(container.env)
    assert (env["DB_HOST"], env["DB_PORT"]) == ("stock-db", "3307")
    assert env["DB_PASSWORD"].startswith("sha256:")
    assert "hunter2" not in repr(loaded.data)


def test_without_metrics_the_alerts_own_numbers_are_series(loaded) -> None:
    (series,) = loaded.data.series
    assert series.ref.semantic is Semantic.LATENCY_P50_SECONDS
    assert (series.values[0], series.values[-1]) == (0.01, 0.9)
    assert loaded.alert.starts_at == datetime(2026, 5, 4, 12, 1, tzinfo=UTC)
    assert loaded.alert.resource.kind is ResourceKind.NAMESPACE


def test_a_log_line_has_its_own_time_and_service(loaded) -> None:
    (line,) = loaded.data.logs
    assert line.resource == service("orders")
    assert line.severity == "error"


def test_metrics_become_series_with_meanings(tmp_path, case) -> None:
    rows = "\n".join(f"2026-05-04 12:0{m}:00,0.25,0.9,2000" for m in range(4))
    case["metrics_csv"] = f"time,orders-cpu,orders-success_rate,orders-p50latency\n{rows}\n"
    path = tmp_path / "made-up.json"
    path.write_text(json.dumps(case))
    found = {s.ref.semantic: s.values[0] for s in open_recording(path).data.series}
    assert found[Semantic.CPU_UTILISATION_RATIO] == 0.5
    assert found[Semantic.ERROR_RATIO] == pytest.approx(0.1)
    assert found[Semantic.LATENCY_P50_SECONDS] == 2.0


def test_empty_cells_do_not_shift_a_table() -> None:
    text = "NAME   STATUS    VOLUME   CAPACITY   AGE\ndata   Pending                       2m\n"
    assert table(text)[0] == {
        "NAME": "data", "STATUS": "Pending", "VOLUME": "", "CAPACITY": "", "AGE": "2m",
    }  # fmt: skip
    assert table("Error from server (NotFound): nothing\nmore") == []


def test_ages_and_quantities() -> None:
    assert age_seconds("3m25s (x3 over 1h)") == 205
    assert age_seconds("<unknown>") is None
    assert [amount(q) for q in ("250m", "1Gi", "2", "x", "")] == [0.25, 2**30, 2.0, None, None]
    assert [e.times for e in events(DESCRIBED_POD)] == [1, 9]


def test_objects_in_json_are_read() -> None:
    quota = {"metadata": {"name": "q", "namespace": "n"},
             "status": {"hard": {"pods": "3"}, "used": {"pods": "3"}}}  # fmt: skip
    assert quotas_of(quota)[0].used == 3
    claim = {
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    }
    assert claim_of(claim).access_modes == ("RWX",)
    assert claim_of(claim).storage_class is None
    assert service_of({"spec": {"ports": [{"port": 80}]}}).ports[0].target == "80"
    assert template_of({}).containers == ()
    term = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}}  # fmt: skip
    spec = {"spec": {"template": {"spec": {"affinity": {"nodeAffinity": term}}}}}
    assert template_of(spec).node_affinity[0][0].values == ("a",)


def test_settings_tell_where_they_point() -> None:
    found = list(pointers((
        ("A_ADDR", "orders:7000"), ("B_URL", "https://pay.example/x"), ("C_HOST", "db"),
        ("C_PORT", "5432"), ("D_HOST", "alone"), ("NAME", "orders:1"),
    )))  # fmt: skip
    assert {(p.name, p.port) for p in found} == {("orders", 7000), ("pay", None), ("db", 5432)}


def test_encoded_secrets_are_compared_by_fingerprint_only() -> None:
    same = readable({"PASSWORD": "aHVudGVyMg=="}, "Secret", True)
    assert same == readable({"PASSWORD": "hunter2"}, "Secret", False)
    assert "hunter2" not in repr(same)
