"""The Kubernetes executor on a real API server: what it does, refuses, and does at most once."""

import json

import pytest

from remediation.errors import ExecutorError, TargetConflict, TargetRefused
from remediation.executors.kubernetes import KubernetesExecutor
from telemetry.adapters.kubernetes.api import ClusterAccess, KubernetesApi
from telemetry.adapters.kubernetes.state import KubernetesReader
from tests.real.components import until
from tests.real.production import NAMESPACE

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]
NAME = "notifications"


def executor_of(production, identity: str = "remediator") -> KubernetesExecutor:
    return KubernetesExecutor(
        ClusterAccess(str(getattr(production.plane, identity)), namespaces=(NAMESPACE,))
    )


def deployment(production) -> dict:
    return json.loads(
        production.plane.kubectl("-n", NAMESPACE, "get", "deployment", NAME, "-o", "json")
    )


@pytest.fixture
def executor(production):
    return executor_of(production)


def do(executor, request, key):
    state = executor.observe(NAME)
    return executor.execute(
        {"workload": NAME, **request}, uid=state.uid, version=state.version, key=key
    )


def test_a_rollback_returns_to_the_template_of_the_revision(production, executor) -> None:
    before = executor.observe(NAME)
    production.roll_out(NAME, f"9.{before.revision}.0-slow")
    until(lambda: executor.observe(NAME).revision > before.revision, "there is a new revision")
    dry = executor.dry_run({"action": "rollback", "workload": NAME, "revision": before.revision})
    assert f"+image: {before.image}" in dry.diff
    assert executor.observe(NAME).image != before.image, "a dry run changes nothing"
    do(executor, {"action": "rollback", "revision": before.revision}, "sre-rollback")
    assert executor.observe(NAME).image == before.image
    until(lambda: executor.observe(NAME).revision == before.revision + 2, "history goes on")
    history = production.plane.kubectl("-n", NAMESPACE, "rollout", "history", f"deployment/{NAME}")
    numbers = [int(line.split()[0]) for line in history.splitlines() if line[:1].isdigit()]
    assert before.revision not in numbers
    assert before.revision + 2 == max(numbers)
    undone = do(executor, {"action": "rollback", "revision": before.revision + 1}, "sre-undo")
    assert undone["image"].endswith("-slow")
    do(executor, {"action": "rollback", "revision": before.revision + 2}, "sre-again")
    assert executor.observe(NAME).image == before.image


def test_scaling_settings_and_restarts_change_what_they_say(production, executor) -> None:
    before = executor.observe(NAME)
    do(executor, {"action": "scale", "replicas": before.replicas + 1}, "sre-scale")
    assert executor.observe(NAME).replicas == before.replicas + 1
    do(executor, {"action": "scale", "replicas": before.replicas}, "sre-scale-back")
    do(executor, {"action": "set_config", "settings": {"HTTP_TIMEOUT_MS": "1500"}}, "sre-set")
    assert executor.observe(NAME).config["HTTP_TIMEOUT_MS"] == "1500"
    until(lambda: any(c.key == "HTTP_TIMEOUT_MS" and c.after == "1500"
                      for c in executor.observe(NAME).config_history), "the change is in history")  # fmt: skip
    do(executor, {"action": "set_config", "settings": {"HTTP_TIMEOUT_MS": "1000"}}, "sre-reset")
    do(executor, {"action": "set_config", "settings": {"limits.cpu": "3"}}, "sre-limit")
    assert executor.observe(NAME).config["limits.cpu"] == "3"
    do(executor, {"action": "set_config", "settings": {"limits.cpu": "2"}}, "sre-limit-back")
    before_restart = pods_of(production)
    do(executor, {"action": "rolling_restart"}, "sre-restart")
    until(lambda: not pods_of(production) & before_restart, "every pod is a new one")


def pods_of(production) -> set[str]:
    return set(
        production.plane.kubectl(
            "-n", NAMESPACE, "get", "pods", "-l", f"app={NAME}", "-o", "name"
        ).split()
    )


def test_a_key_is_done_once_and_can_be_read_back(production, executor) -> None:
    state = executor.observe(NAME)
    request = {"action": "scale", "workload": NAME, "replicas": state.replicas + 2}
    assert executor.find_by_key("sre-once", target=NAME) is None
    executor.execute(request, uid=state.uid, version=state.version, key="sre-once")
    generation = deployment(production)["metadata"]["generation"]
    again = executor.execute(request, uid=state.uid, version=state.version, key="sre-once")
    assert deployment(production)["metadata"]["generation"] == generation
    assert executor.find_by_key("sre-once", target=NAME)["replicas"] == again["replicas"]
    do(executor, {"action": "scale", "replicas": state.replicas}, "sre-once-back")


def test_a_target_that_was_changed_or_replaced_is_left_alone(production, executor) -> None:
    seen = executor.observe(NAME)
    request = {"action": "scale", "workload": NAME, "replicas": 9}
    production.plane.kubectl("-n", NAMESPACE, "scale", f"deployment/{NAME}", "--replicas=3")
    with pytest.raises(TargetConflict, match="changed since"):
        executor.execute(request, uid=seen.uid, version=seen.version, key="sre-late")
    copy = deployment(production)
    for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
        copy["metadata"].pop(field, None)
    copy.pop("status")
    copy["spec"]["replicas"] = 2
    production.plane.kubectl("-n", NAMESPACE, "delete", f"deployment/{NAME}", "--wait=true")
    with pytest.raises(TargetRefused, match="no Deployment"):
        executor.execute(request, uid=seen.uid, version=seen.version, key="sre-late")
    production.plane.apply(copy)
    with pytest.raises(TargetConflict, match="replaced"):
        executor.execute(request, uid=seen.uid, version=seen.version, key="sre-late")
    assert executor.observe(NAME).replicas == 2


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"action": "rollback", "revision": 9999}, "no revision 9999"),
        ({"action": "set_config", "settings": {"NO_SUCH": "1"}}, "no setting 'NO_SUCH'"),
        ({"action": "scale", "replicas": -4}, "(?i)invalid"),
        ({"action": "explode"}, "knows no action"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_runs(executor, request_, said) -> None:
    with pytest.raises(TargetRefused, match=said):
        executor.dry_run({"workload": NAME, **request_})


def test_the_reading_identity_cannot_change_anything(production) -> None:
    reader = executor_of(production, "reader")
    before = deployment(production)["metadata"]["generation"]
    with pytest.raises(TargetRefused, match=r"403.*cannot patch"):
        do(reader, {"action": "scale", "replicas": 7}, "sre-no")
    assert deployment(production)["metadata"]["generation"] == before


def test_the_changing_identity_reads_no_more_than_it_needs(production) -> None:
    api = KubernetesApi(ClusterAccess(str(production.plane.remediator), namespaces=(NAMESPACE,)))
    with pytest.raises(Exception, match=r"403.*cannot list"):
        api.list(f"/api/v1/namespaces/{NAMESPACE}/secrets")
    with pytest.raises(Exception, match=r"403.*cannot list"):
        KubernetesApi(ClusterAccess(str(production.plane.reader), namespaces=(NAMESPACE,))).list(
            f"/api/v1/namespaces/{NAMESPACE}/secrets"
        )
    assert KubernetesReader(api).name == "kubernetes"


def test_a_server_that_is_gone_is_said_and_uncertain(production, tmp_path) -> None:
    text = production.plane.remediator.read_text()
    port = text.split("https://127.0.0.1:")[1].split('"')[0].split(",")[0]
    broken = tmp_path / "kubeconfig"
    broken.write_text(text.replace(f":{port}", ":1"))
    with pytest.raises(ExecutorError, match="connection failed"):
        KubernetesExecutor(ClusterAccess(str(broken), namespaces=(NAMESPACE,))).observe(NAME)
