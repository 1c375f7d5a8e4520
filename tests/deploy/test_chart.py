"""The Helm chart renders, and every manifest is one that Kubernetes knows."""

import base64
import re
from typing import Any

import kubernetes_validate
import pytest

from tests.architecture.tree import ROOT
from tests.deploy.chart import ALL, EXTERNAL, FULL, SMALLEST, Refused, Renderer, of_kind, pods

pytestmark = [pytest.mark.unit, pytest.mark.real, pytest.mark.xdist_group("chart")]

VERSIONS = ("1.25", "1.30", "1.37")
EVERY_PART = {"web", "investigate", "remediate", "beat", "migrate"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_each_manifest_fits_the_schema(
    chart: Renderer, values: dict[str, Any], version: str
) -> None:
    manifests = chart.manifests(values)
    assert len(manifests) > 15
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_names_are_unique_and_selectors_find_their_pods(
    chart: Renderer, values: dict[str, Any]
) -> None:
    manifests = chart.manifests(values)
    names = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
    assert len(set(names)) == len(names)
    labels = [pod["metadata"]["labels"].items() for pod in pods(manifests).values()]
    for service in of_kind(manifests, "Service").values():
        wanted = service["spec"]["selector"].items()
        assert sum(wanted <= have for have in labels) == 1
    for kind in ("Deployment", "StatefulSet"):
        for owner in of_kind(manifests, kind).values():
            wanted = owner["spec"]["selector"]["matchLabels"].items()
            assert wanted <= owner["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_every_mount_has_its_volume_and_every_volume_its_mount(
    chart: Renderer, values: dict[str, Any]
) -> None:
    for manifest in chart.manifests(values):
        if manifest["kind"] not in {"Deployment", "StatefulSet", "Job"}:
            continue
        spec = manifest["spec"]["template"]["spec"]
        claims = manifest["spec"].get("volumeClaimTemplates", [])
        volumes = {v["name"] for v in spec["volumes"]} | {c["metadata"]["name"] for c in claims}
        containers = [*spec.get("initContainers", []), *spec["containers"]]
        mounts = {m["name"] for c in containers for m in c["volumeMounts"]}
        assert mounts == volumes, manifest["metadata"]["name"]


def test_every_secret_that_a_pod_mounts_is_made_with_its_keys(chart: Renderer) -> None:
    manifests = chart.manifests(SMALLEST)
    made = {n: set(s["stringData"]) for n, s in of_kind(manifests, "Secret").items()}
    for pod in pods(manifests).values():
        for volume in pod["spec"]["volumes"]:
            if "secret" in volume:
                keys = {item["key"] for item in volume["secret"]["items"]}
                assert keys <= made[volume["secret"]["secretName"]]


def test_all_parts_are_there_and_only_beat_is_held_to_one(chart: Renderer) -> None:
    manifests = chart.manifests(FULL)
    assert set(pods(manifests)) == EVERY_PART | {"postgres", "valkey"}
    deployments = of_kind(manifests, "Deployment")
    replicas = {name.rpartition("-")[2]: d["spec"]["replicas"] for name, d in deployments.items()}
    assert replicas == {"web": 2, "investigate": 3, "remediate": 1, "beat": 1}
    beat = deployments["room-sre-workspace-beat"]["spec"]
    assert beat["strategy"] == {"type": "Recreate"}
    assert "replicas" not in chart.texts(SMALLEST)["beat.yaml"].replace("replicas: 1", "")


def test_external_stores_leave_none_in_the_chart(chart: Renderer) -> None:
    manifests = chart.manifests(EXTERNAL)
    assert set(pods(manifests)) == EVERY_PART
    assert of_kind(manifests, "Secret") == {}
    mounted = {
        volume["secret"]["secretName"]
        for pod in pods(manifests).values()
        for volume in pod["spec"]["volumes"]
        if "secret" in volume
    }
    assert mounted == {"our-database", "our-redis", "our-key"}


def test_passwords_are_random_and_an_upgrade_keeps_them(chart: Renderer) -> None:
    first = of_kind(chart.manifests(SMALLEST), "Secret")
    other = of_kind(chart.manifests(SMALLEST), "Secret")
    secrets = [s["stringData"] for s in (*first.values(), *other.values())]
    random = [s.get("password") or s["secret-key"] for s in secrets]
    assert len(set(random)) == 6
    assert min(map(len, random)) >= 50  # as many as Django asks of its key
    cluster = {
        f"Secret/war-room/{name}": {
            "data": {
                key: base64.b64encode(value.encode()).decode()
                for key, value in secret["stringData"].items()
            }
        }
        for name, secret in first.items()
    }
    assert of_kind(chart.manifests(SMALLEST, cluster), "Secret") == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": {"repository": ""}},
        {"hosts": []},
        {"postgres": {"enabled": False}},
        {"valkey": {"enabled": False}},
        {"web": {"replica": 2}},
        {"env": {"DATABASE_URL": "postgresql://x:y@z/w"}},
        {"env": {"SOME_API_KEY": "x"}},
        {"remediate": {"env": {"SRE_SECRET_KEY": "x"}}},
        {"secretFiles": [{"name": "x", "secret": "y", "for": ["beat"]}]},
        {"rbac": {"remediateNamespaces": ["*"]}},
        {"postgres": {"image": "docker.io/pgvector/pgvector"}},
    ],
    ids=str,
)
def test_wrong_values_are_refused(chart: Renderer, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        chart.manifests(SMALLEST | wrong)


def test_the_defaults_alone_ask_for_an_image_and_a_host(chart: Renderer) -> None:
    with pytest.raises(Refused):
        chart.manifests({})


def test_settings_of_a_part_win_and_each_is_given_once(chart: Renderer) -> None:
    found = pods(chart.manifests(FULL))
    levels = {}
    for part in ("web", "investigate", "remediate", "migrate"):
        environment = found[part]["spec"]["containers"][0]["env"]
        names = [entry["name"] for entry in environment]
        assert len(set(names)) == len(names)
        levels[part] = next(e["value"] for e in environment if e["name"] == "SRE_LOG_LEVEL")
    assert levels == {
        "web": "WARNING", "investigate": "INFO", "remediate": "WARNING", "migrate": "WARNING",
    }  # fmt: skip


def test_each_variable_is_a_setting(chart: Renderer) -> None:
    settings = set(
        re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    )
    given = {
        entry["name"].removesuffix("_FILE")
        for part, pod in pods(chart.manifests(FULL)).items()
        if part in EVERY_PART
        for entry in pod["spec"]["containers"][0]["env"]
    }
    assert given <= settings
    assert {"DATABASE_URL", "REDIS_URL", "SRE_SECRET_KEY", "SRE_TLS"} <= given


def test_the_notes_name_the_next_step(chart: Renderer) -> None:
    notes = chart.texts(SMALLEST)["NOTES.txt"]
    assert "make_account" in notes
    assert "rbac.remediateNamespaces" in notes
    assert "rbac.remediateNamespaces" not in chart.texts(FULL)["NOTES.txt"]
