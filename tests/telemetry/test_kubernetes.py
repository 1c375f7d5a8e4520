"""The Kubernetes adapters against servers that answer badly, and objects of many shapes."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from telemetry.adapters.kubernetes.api import ClusterAccess, KubernetesApi
from telemetry.adapters.kubernetes.logs import severity_of
from telemetry.adapters.kubernetes.parsing import event_time, pod_state
from telemetry.adapters.kubernetes.rollouts import changes_of, history
from telemetry.adapters.live import LiveSystems, open_live_sources
from telemetry.ask import guarded
from telemetry.results import ResultStatus
from telemetry.types import TEMPLATE_HASH, ChangeKind, TimeWindow
from tests.factories.servers import Answering, local_server

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)


def status(code: int, message: str) -> Answering:
    body = {"kind": "Status", "status": "Failure", "message": message, "code": code}
    return Answering(code, json.dumps(body).encode())


def items(*found: dict) -> Answering:
    return Answering(body=json.dumps({"items": list(found), "metadata": {}}).encode())


def kubeconfig(folder, url: str):
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "reader-token-123"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }))  # fmt: skip
    return path


@pytest.fixture
def sources_of(tmp_path):
    def make(url: str, *, deadline: float = 2.0):
        access = ClusterAccess(str(kubeconfig(tmp_path, url)), deadline_seconds=deadline)
        return guarded(open_live_sources(LiveSystems(cluster=access)), deadline_seconds=10)

    return make


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        (status(401, "Unauthorized"), "refused (401): Unauthorized"),
        (status(403, 'pods is forbidden: User "x" cannot list'), 'User "x" cannot list'),
        (status(404, "not found"), "refused (404)"),
        (status(409, "conflict"), "refused (409)"),
        (status(410, "too old resource version"), "too old resource version"),
        (status(422, "invalid"), "refused (422)"),
        (status(429, "too many requests"), "no capacity or an error (429)"),
        (status(500, "etcd is gone"), "etcd is gone"),
        (Answering(503, b"<html>proxy</html>", "text/html"), "proxy"),
        (Answering(hangs_seconds=9), "did not answer within 2 s"),
        (Answering(body=b" " * 60, piece=1, pause_seconds=0.2), "only a part within 2 s"),
        (Answering(body=b'{"items": []}', breaks_after=5), "connection failed"),
        (Answering(body=b'{"items": ['), "no JSON"),
        (Answering(body=b"[1]"), "no object"),
        (Answering(body=b'{"items": "x"}'), "no list"),
    ],
)
def test_a_bad_answer_is_a_result_that_says_why(sources_of, answering, said) -> None:
    with local_server(lambda method, path: answering) as server:
        sources = sources_of(server.url)
        for ask in (sources.cluster.state, sources.changes.changes, sources.logs.lines):
            began = time.monotonic()
            answer = ask([], WINDOW)
            assert answer.status is ResultStatus.ERROR
            assert said in answer.message
            assert time.monotonic() - began < 10
        assert all(method == "GET" for method, *_ in server.asked)


def test_what_may_not_be_listed_leaves_the_rest(sources_of) -> None:
    def say(method: str, path: str) -> Answering:
        return status(403, "nodes is forbidden") if "nodes" in path else items(POD)

    with local_server(say) as server:
        answer = sources_of(server.url).cluster.state([], WINDOW)
    assert answer.status is ResultStatus.PARTIAL
    assert "nodes is forbidden" in answer.message
    assert answer.data.pods[0].name == "orders-7d4b9c6f5-x2x4x"


def test_an_unreadable_identity_is_said(tmp_path) -> None:
    access = ClusterAccess(str(tmp_path / "nowhere"))
    sources = guarded(open_live_sources(LiveSystems(cluster=access)))
    answer = sources.cluster.state([], WINDOW)
    assert answer.status is ResultStatus.ERROR
    assert "cannot be read" in answer.message


def test_pages_are_followed_to_a_cap(tmp_path) -> None:
    endless = Answering(
        body=json.dumps({"items": [POD], "metadata": {"continue": "more"}}).encode()
    )
    with local_server(lambda method, path: endless) as server:
        access = ClusterAccess(str(kubeconfig(tmp_path, server.url)))
        listed = KubernetesApi(access).list("/api/v1/pods")
    assert (len(listed.items), listed.is_cut) == (8, True)


POD = {
    "metadata": {"name": "orders-7d4b9c6f5-x2x4x", "namespace": "default",
                 "ownerReferences": [{"controller": True, "kind": "ReplicaSet",
                                      "name": "orders-7d4b9c6f5"}]},
    "spec": {"nodeName": "node-a", "containers": [{"name": "orders", "image": "orders:2"}]},
    "status": {
        "phase": "Running", "conditions": [{"type": "Ready", "status": "False", "message": "m"}],
        "containerStatuses": [{
            "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
        }],
    },
}  # fmt: skip


def test_a_pod_tells_why_it_does_not_run() -> None:
    found = pod_state(POD, {"orders-7d4b9c6f5": "orders"})
    assert (found.workload, found.ready, found.restarts) == ("orders", False, 4)
    assert (found.reason, found.last_termination, found.exit_code) == (
        "CrashLoopBackOff", "OOMKilled", 137,
    )  # fmt: skip


@pytest.mark.parametrize("pod", [{}, {"status": None}, {"metadata": [], "spec": {"containers": 3}}])
def test_a_pod_of_any_shape_is_read(pod) -> None:
    assert pod_state(pod, {}).restarts == 0


def test_an_event_without_an_event_time_has_one() -> None:
    event = {"eventTime": None, "lastTimestamp": "2026-03-01T11:59:00Z"}
    assert event_time(event) == NOW - timedelta(minutes=1)


def revision(
    number: int, made: str, image: str, env: dict[str, str] | None = None, **notes
) -> dict:
    variables = [{"name": k, "value": v} for k, v in (env or {}).items()]
    return {
        "metadata": {
            "name": f"orders-{number}", "creationTimestamp": made,
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"controller": True, "kind": "Deployment", "name": "orders",
                                 "uid": "u"}],
        },
        "spec": {"template": {
            "metadata": {"labels": {"app": "orders", "pod-template-hash": str(number)},
                         **({"annotations": notes} if notes else {})},
            "spec": {"containers": [{"name": "orders", "image": image, "env": variables}]},
        }},
    }  # fmt: skip


DEPLOYMENT = {"metadata": {"name": "orders", "uid": "u"}}


def test_rollouts_become_changes_of_their_kind() -> None:
    sets = [
        revision(1, "2026-03-01T10:00:00Z", "orders:1", {"POOL": "8"}),
        revision(2, "2026-03-01T11:00:00Z", "orders:2", {"POOL": "8"}),
        revision(3, "2026-03-01T11:30:00Z", "orders:2", {"POOL": "2"}),
        revision(4, "2026-03-01T11:40:00Z", "orders:2", {"POOL": "2"}, restartedAt="now"),
    ]
    found = list(changes_of(DEPLOYMENT, history(DEPLOYMENT, sets)))
    kinds = [ChangeKind.DEPLOY, ChangeKind.CONFIG, ChangeKind.SCALE]
    assert [c.kind for c in found] == kinds
    assert "orders:1 to orders:2" in found[0].summary
    assert (
        "+    - name: POOL\n+      value: '2'" in found[1].diff
        or "+      value: '2'" in found[1].diff
    )
    assert "pod-template-hash" not in "".join(c.diff for c in found)
    assert [dict(c.attributes)[TEMPLATE_HASH] for c in found] == ["2", "3", "4"]


def test_a_rollback_is_dated_by_when_it_came_up() -> None:
    sets = [
        revision(3, "2026-03-01T10:00:00Z", "orders:1"),
        revision(2, "2026-03-01T11:00:00Z", "orders:2"),
    ]
    events = [{"reason": "ScalingReplicaSet", "lastTimestamp": "2026-03-01T11:20:00Z",
               "message": "Scaled up replica set orders-3 to 3"}]  # fmt: skip
    found = list(changes_of(DEPLOYMENT, history(DEPLOYMENT, sets, events)))
    assert [c.at.hour * 60 + c.at.minute for c in found] == [11 * 60 + 20]
    assert (found[0].revision_before, found[0].revision_after) == ("2", "3")


@pytest.mark.parametrize(
    ("line", "severity"),
    [("E0301 12:00:00 failed", "error"), ('{"level":"warn","msg":"x"}', "warning"),
     ("level=error msg=x", "error"), ("2026-03-01 WARNING slow", "warning"),
     ("panic: nil map", "error"), ("GET /items 200", "info"), ("Traceback (most recent)", "error"),
     ("terror is no level", "info")],
)  # fmt: skip
def test_a_line_states_its_level(line, severity) -> None:
    assert severity_of(line) == severity
