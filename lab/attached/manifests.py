"""The lab's services as Kubernetes objects: settings are variables, limits are limits."""

from lab.attached.api import Cluster, Json
from lab.model import NODES
from lab.workloads import Workload

REGISTRY = "registry.example"
FIRST_TAG = "3.0.0"
MEBIBYTE = 1 << 20


def variable(key: str) -> str:
    """Return the environment variable of a setting: ``db.pool_size`` is ``DB_POOL_SIZE``."""
    return key.replace(".", "_").upper()


def image_of(name: str, tag: str = FIRST_TAG) -> str:
    """Return the image of a service."""
    return f"{REGISTRY}/{name}:{tag}"


def deployment(workload: Workload) -> Json:
    """Return a service's Deployment."""
    name = workload.spec.name
    labels = {"app": name}
    env = [
        {"name": variable(key), "value": value}
        for key, value in sorted(workload.config.items())
        if key != "cpu.limit_cores"
    ]
    memory = f"{round(workload.spec.memory_limit_bytes / MEBIBYTE)}Mi"
    limits = {"cpu": workload.config["cpu.limit_cores"], "memory": memory}
    container = {
        "name": name, "image": image_of(name), "env": env,
        "resources": {"limits": limits, "requests": {"cpu": "10m", "memory": "16Mi"}},
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": workload.replicas, "revisionHistoryLimit": 10,
            "selector": {"matchLabels": labels}, "progressDeadlineSeconds": 120,
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }  # fmt: skip


def register_nodes(cluster: Cluster, kubelet_port: int, now: str) -> None:
    """Register the lab's nodes, ready, with the port at which pod logs are served."""
    for name in NODES:
        cluster.create("/api/v1/nodes", {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        })  # fmt: skip
        room = {"cpu": "64", "memory": "256Gi", "pods": "200"}
        cluster.patch_status(f"/api/v1/nodes/{name}", {
            "capacity": room, "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"},
                          {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
                "lastHeartbeatTime": now, "lastTransitionTime": now,
            }],
        })  # fmt: skip


def heartbeat(cluster: Cluster, now: str) -> None:
    """Renew the nodes' leases, as kubelets do."""
    base = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    for name in NODES:
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now}
        cluster.create(base, {
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec,
        })  # fmt: skip
        cluster.ask("PATCH", f"{base}/{name}", body={"spec": spec},
                    content_type="application/merge-patch+json")  # fmt: skip
