"""The chart, rendered by Go's templates as Helm does it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.architecture.tree import ROOT

CHART = ROOT / "deploy" / "chart"
SOURCES = Path("/usr/share/gocode")  # where Debian's golang-*-dev packages put libraries
RELEASE = {"Name": "room", "Namespace": "war-room", "Service": "Helm", "Revision": 1}
SMALLEST: dict[str, Any] = {
    "image": {"repository": "registry.example.org/sre-workspace"},
    "hosts": ["warroom.example.org"],
}
EXTERNAL: dict[str, Any] = SMALLEST | {
    "postgres": {"enabled": False},
    "valkey": {"enabled": False},
    "database": {"existingSecret": "our-database"},
    "redis": {"existingSecret": "our-redis"},
    "secretKey": {"existingSecret": "our-key"},
    "networkPolicy": {
        "enabled": True,
        "externalPorts": [5432, 6380],
        "webFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "workerEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
    },
}
FULL: dict[str, Any] = SMALLEST | {
    "image": {"repository": "registry.example.org/sre", "tag": "2", "pullSecrets": ["pull"]},
    "hosts": ["warroom.example.org", "incidents.example.org"],
    "env": {"SRE_LOG_LEVEL": "WARNING"},
    "secretFiles": [{"name": "telemetry", "secret": "our-token", "for": ["investigate"]}],
    "investigate": {"env": {"SRE_LOG_LEVEL": "INFO"}, "replicas": 3},
    "postgres": {"storageClass": "fast"},
    "rbac": {"readNamespaces": ["shop", "pay"], "remediateNamespaces": ["shop"]},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "tlsSecret": "warroom-tls",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600"},
    },
}
ALL = {"smallest": SMALLEST, "external": EXTERNAL, "full": FULL}
Manifest = dict[str, Any]


class Refused(Exception):
    """The chart refuses these values."""


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return values over values, as Helm lays them."""
    result = dict(base)
    for key, value in over.items():
        is_both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if is_both else value
    return result


@dataclass(frozen=True)
class Renderer:
    """The program that renders."""

    program: Path

    def texts(
        self, values: Mapping[str, Any], objects: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """Return every rendered file by name; ``objects`` are what ``lookup`` finds.

        Raises:
            Refused: The schema of the values, or a template, refuses them.
        """
        merged_values = merged(_read("values.yaml"), values)
        try:
            jsonschema.Draft7Validator(
                json.loads((CHART / "values.schema.json").read_text("utf-8"))
            ).validate(merged_values)
        except jsonschema.ValidationError as error:
            raise Refused(error.message) from error
        chart = {k[0].upper() + k[1:]: v for k, v in _read("Chart.yaml").items()}
        given = {
            "templates": {p.name: p.read_text("utf-8") for p in (CHART / "templates").iterdir()},
            "context": {"Values": merged_values, "Release": RELEASE, "Chart": chart},
            "objects": objects or {},
        }
        done = subprocess.run(
            [self.program], input=json.dumps(given), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Refused(done.stderr)
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def manifests(
        self, values: Mapping[str, Any], objects: Mapping[str, Any] | None = None
    ) -> list[Manifest]:
        """Return every manifest."""
        texts = self.texts(values, objects)
        return [
            document
            for name in sorted(texts)
            if name.endswith(".yaml")
            for document in yaml.safe_load_all(texts[name])
            if document
        ]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / name).read_text("utf-8"))
    return found


def build_renderer(folder: Path) -> Renderer:
    """Build the renderer, or skip the test where Go and the libraries of Debian are not there."""
    needed = [SOURCES / "src/github.com/Masterminds/sprig", SOURCES / "src/sigs.k8s.io/yaml"]
    if not shutil.which("go") or not all(path.exists() for path in needed):
        reason = (
            "Rendering the chart needs Debian's packages golang-go, "
            "golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev"
        )
        if os.environ.get("REQUIRE_REAL"):
            pytest.fail(f"REQUIRE_REAL is set. {reason}")
        pytest.skip(reason)
    program = folder / "renderer"
    own = {"GO111MODULE": "off", "GOPATH": str(SOURCES), "GOFLAGS": "", "GOCACHE": str(folder)}
    subprocess.run(
        ["go", "build", "-o", program, Path(__file__).parent / "renderer" / "main.go"],
        env=os.environ | own,
        check=True,
        timeout=300,
    )
    return Renderer(program)


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the pod templates by the part that they run."""
    found = {}
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
            template = manifest["spec"]["template"]
            found[template["metadata"]["labels"]["app.kubernetes.io/component"]] = template
    return found


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Return the manifests of a kind by name; bindings in namespaces by namespace and name."""
    return {
        "/".join(filter(None, [m["metadata"].get("namespace"), m["metadata"]["name"]])): m
        for m in manifests
        if m["kind"] == kind
    }
