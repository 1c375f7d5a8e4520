"""The Kubernetes executor and servers that answer badly: nothing twice, and what is not sure is said."""

import json
from collections.abc import Callable

import pytest
import yaml

from remediation.errors import ExecutorError, TargetConflict, TargetRefused
from remediation.executors.kubernetes import KubernetesExecutor
from remediation.executors.kubernetes_patches import deployment_state
from remediation.executors.ports import TargetState
from telemetry.adapters.kubernetes.api import ClusterAccess, KubernetesApi
from tests.factories.servers import Answering, local_server

pytestmark = pytest.mark.unit
DEPLOYMENT = {
    "metadata": {"name": "cart", "namespace": "prod", "uid": "u1", "generation": 3,
                 "resourceVersion": "7", "annotations": {}},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "cart"}]}}},
}  # fmt: skip
SCALE = {"action": "scale", "workload": "cart", "replicas": 3}


def status(code: int, message: str) -> Answering:
    return Answering(code, json.dumps({"kind": "Status", "message": message}).encode())


def access_to(url: str, folder) -> ClusterAccess:
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }))  # fmt: skip
    return ClusterAccess(str(path), namespaces=("prod",), deadline_seconds=2.0)


def cluster(patched: Callable[[], Answering]) -> Callable[[str, str], Answering]:
    def answer(method: str, path: str) -> Answering:
        if method == "PATCH":
            return patched()
        found = {"items": []} if path.endswith("/replicasets") else DEPLOYMENT
        return Answering(body=json.dumps(found).encode())

    return answer


@pytest.mark.parametrize(
    ("answering", "error", "said", "patches"),
    [
        (status(403, 'User "x" cannot patch'), TargetRefused, 'User "x" cannot patch', 1),
        (status(409, "the object has been modified"), TargetRefused, "has been modified", 1),
        (status(410, "gone"), TargetConflict, "is gone", 1),
        (status(422, "the server rejected our request"), TargetRefused, "rejected our", 1),
        (status(429, "please slow down"), TargetRefused, "no capacity: please slow down", 6),
        (status(503, "etcd is gone"), ExecutorError, "etcd is gone", 1),
        (Answering(body=b"<html>proxy</html>"), ExecutorError, "cannot be read", 1),
        (Answering(body=b"{}"), ExecutorError, "holds no Deployment", 1),
        (Answering(body=b'{"metadata": {"name"'), ExecutorError, "cannot be read", 1),
        (Answering(body=b'{"metadata": {}}', breaks_after=4), ExecutorError, "connection failed", 1),
        (Answering(hangs_seconds=5), ExecutorError, "did not answer within 2 s", 1),
        (Answering(body=b" " * 25_000_000), ExecutorError, "larger than 24 MB", 1),
    ],
)  # fmt: skip
def test_a_bad_answer_to_a_change_is_said_and_not_repeated(
    tmp_path, answering, error, said, patches
) -> None:
    with local_server(cluster(lambda: answering)) as server:
        executor = KubernetesExecutor(access_to(server.url, tmp_path))
        with pytest.raises(ExecutorError) as caught:
            executor.execute(SCALE, uid="u1", version="3", key="k1")
    assert type(caught.value) is error
    assert said in str(caught.value)
    assert sum(method == "PATCH" for method, *_ in server.asked) == patches


def test_a_list_that_the_server_forgets_half_way_is_cut_and_kept(tmp_path) -> None:
    page = {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "token"}}

    def answer(method: str, path: str) -> Answering:
        gone = status(410, "The provided continue parameter is too old")
        return gone if "continue=token" in path else Answering(body=json.dumps(page).encode())

    with local_server(answer) as server:
        listed = KubernetesApi(access_to(server.url, tmp_path)).list("/api/v1/pods")
    assert listed.is_cut
    assert [item["metadata"]["name"] for item in listed.items] == ["a"]


def _state(replicas: int = 4, strategy: object = None, **status: object) -> TargetState:
    spec = {**DEPLOYMENT["spec"], "replicas": replicas, "strategy": strategy or {}}
    return deployment_state({**DEPLOYMENT, "spec": spec, "status": status}, [], 40)


@pytest.mark.parametrize(
    ("replicas", "strategy", "at_once"),
    [
        (4, {"type": "Recreate"}, 4),
        (4, None, 1),
        (10, {"type": "RollingUpdate"}, 3),  # a quarter more, rounded up
        (10, {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}, 2),
        (10, {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}, 10),
        (10, {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, 1),
        (1, {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, 1),
    ],
)
def test_how_many_pods_a_rollout_takes_at_the_same_time(replicas, strategy, at_once) -> None:
    assert _state(replicas, strategy).at_once == at_once


def test_how_far_a_rollout_is() -> None:
    assert _state(observedGeneration=3, updatedReplicas=2).updated == 2
    assert _state(observedGeneration=2, updatedReplicas=4).updated == 0, "not seen yet"
    assert _state().updated == 0
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    assert _state(observedGeneration=3, conditions=[late]).is_stuck
    assert not _state(observedGeneration=2, conditions=[late]).is_stuck, "the one before was"
    assert not _state(observedGeneration=3, conditions=[{**late, "reason": "NewReplicaSetAvailable"}]
                      ).is_stuck  # fmt: skip
