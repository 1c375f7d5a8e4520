"""Two identities in a cluster: one looks, one changes deployments, and neither does more."""

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.architecture.tree import ROOT
from tests.deploy.chart import FULL, SMALLEST, Manifest, Renderer, of_kind

READS = {"get", "list", "watch"}
MAY_CHANGE = {("apps", "deployments", "patch"), ("apps", "deployments/scale", "patch")}


def _plain(name: str) -> list[Manifest]:
    text = (ROOT / "deploy" / "rbac" / f"{name}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load_all(text))


def _grants(manifests: list[Manifest]) -> Iterator[tuple[str, str, str]]:
    for manifest in manifests:
        for rule in manifest.get("rules", []):
            assert set(rule) == {"apiGroups", "resources", "verbs"}
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    yield from ((group, resource, verb) for verb in rule["verbs"])


@pytest.mark.unit
@pytest.mark.parametrize("name", ["reader", "remediator"])
def test_each_plain_manifest_fits_the_schema(name: str) -> None:
    for manifest in _plain(name):
        for version in ("1.25", "1.37"):
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.unit
def test_the_reader_only_reads_and_reads_no_secret() -> None:
    grants = set(_grants(_plain("reader")))
    assert {verb for _, _, verb in grants} == READS
    resources = {(group, resource) for group, resource, _ in grants}
    assert resources == {
        *(("", r) for r in ("pods", "pods/log", "events", "nodes", "services", "endpoints",
                            "configmaps", "resourcequotas", "persistentvolumeclaims")),
        *(("apps", r) for r in ("deployments", "replicasets", "statefulsets", "daemonsets")),
        *(("networking.k8s.io", r) for r in ("ingresses", "networkpolicies")),
    }  # fmt: skip


@pytest.mark.unit
def test_the_remediator_changes_deployments_and_nothing_else() -> None:
    grants = set(_grants(_plain("remediator")))
    assert {grant for grant in grants if grant[2] not in READS} == MAY_CHANGE
    assert {resource for _, resource, _ in grants} == {
        "deployments", "deployments/scale", "replicasets", "pods",
    }  # fmt: skip


@pytest.mark.unit
@pytest.mark.parametrize("name", ["reader", "remediator"])
def test_each_identity_is_bound_in_one_namespace_at_a_time(name: str) -> None:
    """But for nodes, which belong to none: a binding of the cluster would cover every namespace."""
    for manifest in _plain(name):
        if manifest["kind"] == "ClusterRoleBinding":
            assert manifest["roleRef"]["name"] == "sre-workspace-reader-nodes"
        for subject in manifest.get("subjects", []):
            assert subject["name"] == f"sre-workspace-{name}"


def _rules_by_role(manifests: list[Manifest], prefix: str) -> dict[str, Any]:
    roles = of_kind(manifests, "ClusterRole")
    return {name.removeprefix(prefix): role["rules"] for name, role in roles.items()}


@pytest.mark.unit
@pytest.mark.real
@pytest.mark.xdist_group("chart")
def test_the_chart_grants_what_the_plain_manifests_grant(chart: Renderer) -> None:
    plain = _rules_by_role([*_plain("reader"), *_plain("remediator")], "sre-workspace-")
    rendered = _rules_by_role(chart.manifests(FULL), "war-room-room-sre-workspace-")
    assert rendered == plain


@pytest.mark.unit
@pytest.mark.real
@pytest.mark.xdist_group("chart")
def test_the_chart_binds_in_the_named_namespaces_only(chart: Renderer) -> None:
    bindings = of_kind(chart.manifests(FULL), "RoleBinding")
    subjects = {key: b["subjects"][0] for key, b in bindings.items()}
    assert {key: s["name"] for key, s in subjects.items()} == {
        "shop/war-room-room-sre-workspace-reader": "room-sre-workspace-reader",
        "pay/war-room-room-sre-workspace-reader": "room-sre-workspace-reader",
        "shop/war-room-room-sre-workspace-remediator": "room-sre-workspace-remediator",
    }
    assert {s["namespace"] for s in subjects.values()} == {"war-room"}
    smallest = chart.manifests(SMALLEST)
    assert of_kind(smallest, "RoleBinding") == {}
    assert set(of_kind(smallest, "ClusterRoleBinding")) == {
        "war-room-room-sre-workspace-reader-nodes"
    }
    without = chart.manifests(SMALLEST | {"rbac": {"create": False}})
    assert {m["kind"] for m in without} & {"ClusterRole", "ClusterRoleBinding"} == set()
