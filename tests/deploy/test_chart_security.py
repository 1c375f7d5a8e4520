"""What the pods of the chart may do: no more than they need."""

from typing import Any

import pytest

from tests.deploy.chart import ALL, EXTERNAL, FULL, SMALLEST, Renderer, of_kind, pods

pytestmark = [pytest.mark.unit, pytest.mark.real, pytest.mark.xdist_group("chart")]

IDENTITIES = {
    "investigate": ("room-sre-workspace-reader", True),
    "remediate": ("room-sre-workspace-remediator", True),
}
NONE = ("room-sre-workspace-web", False)


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_every_container_is_confined(chart: Renderer, values: dict[str, Any]) -> None:
    for pod in pods(chart.manifests(values)).values():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert not any("hostPath" in volume for volume in spec["volumes"])
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert not container["image"].endswith(":latest")
            assert ":" in container["image"]


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_only_the_workers_have_an_identity_each_its_own(
    chart: Renderer, values: dict[str, Any]
) -> None:
    manifests = chart.manifests(values)
    for part, pod in pods(manifests).items():
        spec = pod["spec"]
        found = (spec["serviceAccountName"], spec["automountServiceAccountToken"])
        assert found == IDENTITIES.get(part, NONE), part
    accounts = of_kind(manifests, "ServiceAccount")
    assert set(accounts) == {name for name, _ in (*IDENTITIES.values(), NONE)}
    assert not any(a["automountServiceAccountToken"] for a in accounts.values())


def test_beat_knows_the_broker_and_nothing_else(chart: Renderer) -> None:
    beat = pods(chart.manifests(SMALLEST))["beat"]["spec"]
    secrets = [v["secret"]["secretName"] for v in beat["volumes"] if "secret" in v]
    assert secrets == ["room-sre-workspace-valkey"]
    assert [e["name"] for e in beat["containers"][0]["env"]] == ["REDIS_URL_FILE"]


def test_only_the_remediating_worker_is_told_that_it_may_change_the_cluster(
    chart: Renderer,
) -> None:
    told: dict[str, set[str]] = {}
    for part, pod in pods(chart.manifests(FULL)).items():
        for entry in pod["spec"]["containers"][0].get("env", []):
            told.setdefault(f"{entry['name']}={entry.get('value')}", set()).add(part)
    assert told["KUBERNETES_REMEDIATE_IN_CLUSTER=yes"] == {"remediate"}
    assert told["KUBERNETES_NAMESPACES=shop,pay"] >= {"web", "investigate", "remediate"}
    smallest = pods(chart.manifests(SMALLEST))["remediate"]["spec"]["containers"][0]["env"]
    assert not any(entry["name"].startswith("KUBERNETES_") for entry in smallest)


def test_secret_files_go_to_those_they_are_meant_for(chart: Renderer) -> None:
    found = {
        part
        for part, pod in pods(chart.manifests(FULL)).items()
        for volume in pod["spec"]["volumes"]
        if volume.get("secret", {}).get("secretName") == "our-token"
    }
    assert found == {"investigate"}


def test_secrets_come_as_files(chart: Renderer) -> None:
    """Never as variables: those show in a process list of the node and in crash reports."""
    for pod in pods(chart.manifests(FULL)).values():
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            assert not any("valueFrom" in entry for entry in container.get("env", []))
            assert "envFrom" not in container


def test_the_stores_are_reached_by_those_who_use_them(chart: Renderer) -> None:
    policies = of_kind(chart.manifests(SMALLEST), "NetworkPolicy")
    assert policies["room-sre-workspace-default"]["spec"]["policyTypes"] == ["Ingress"]
    assert "ingress" not in policies["room-sre-workspace-default"]["spec"]
    users = {}
    for store in ("postgres", "valkey"):
        (rule,) = policies[f"room-sre-workspace-{store}"]["spec"]["ingress"]
        (peer,) = rule["from"]
        (expression,) = peer["podSelector"]["matchExpressions"]
        users[store] = set(expression["values"])
    assert users["valkey"] - users["postgres"] == {"beat"}
    assert users["postgres"] == {"web", "investigate", "remediate", "migrate"}


@pytest.mark.parametrize(
    ("values", "ports"), [(SMALLEST, {53, "postgres", "valkey"}), (EXTERNAL, {53, 5432, 6380})]
)
def test_web_and_beat_have_no_way_out(
    chart: Renderer, values: dict[str, Any], ports: set[int | str]
) -> None:
    inward = of_kind(chart.manifests(values), "NetworkPolicy")["room-sre-workspace-inward"]["spec"]
    assert inward["podSelector"]["matchExpressions"][0]["values"] == ["web", "beat", "migrate"]
    assert {p["port"] for rule in inward["egress"] for p in rule["ports"]} == ports


def test_a_list_of_places_confines_the_workers(chart: Renderer) -> None:
    policies = of_kind(chart.manifests(EXTERNAL), "NetworkPolicy")
    egress = policies["room-sre-workspace-workers"]["spec"]["egress"]
    assert egress[-1] == {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    assert "room-sre-workspace-workers" not in of_kind(chart.manifests(SMALLEST), "NetworkPolicy")


def test_probes_ask_what_each_part_answers_for(chart: Renderer) -> None:
    found = pods(chart.manifests(SMALLEST))
    web = found["web"]["spec"]["containers"][0]
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz/live"
    assert web["readinessProbe"]["httpGet"]["path"] == "/healthz/ready"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert web[probe]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    for part in ("investigate", "remediate", "beat"):
        container = found[part]["spec"]["containers"][0]
        for probe in ("startupProbe", "livenessProbe"):
            command = container[probe]["exec"]["command"]
            assert command == ["python", "-m", "sre_workspace.probe", part]
