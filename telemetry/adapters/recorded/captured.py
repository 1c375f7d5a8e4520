"""Captured answers of kubectl-like tools, found by tool, sort of object and name."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from telemetry.adapters.kubernetes.manifests import dig
from telemetry.adapters.recorded.kubectl_text import table
from telemetry.cluster import ConnectionTest

WORKLOADS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
SINGULAR = {
    "pod": "pods",
    "service": "services",
    "statefulset": "statefulsets",
    "deployment": "deployments",
    "node": "nodes",
    "resourcequotas": "resourcequota",
    "ingress": "ingresses",
}
VARIANTS = ("output_wide", "show_labels", "output_yaml", "label_selector")
REFUSED = re.compile(r"fail|refused|timed? ?out|unreachable|no route", re.I)
OPENED = re.compile(r"succeeded|\bopen\b", re.I)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Answers = dict[tuple[str, str, str, str], str]


class Captured:
    """The answers of one case, found by tool, sort of object and name."""

    def __init__(self, cache: Mapping[str, object], namespace: str) -> None:
        self.namespace = namespace
        self.tests: list[ConnectionTest] = []
        self.down: dict[str, list[str]] = {}
        self.raw: dict[tuple[str, str], object] = {}
        self._answers: Answers = {}
        declared: list[str] = []
        running: list[str] = []
        for key, value in cache.items():
            tool, _, arguments = key.partition(":")
            try:
                given = json.loads(arguments or "{}")
            except ValueError:
                continue
            name = str(
                given.get("name") or given.get("service_name") or given.get("app_name") or ""
            )
            if tool == "CheckServiceConnectivity":
                self.tests += _tests(name, int(given.get("port") or 0), str(value))
            elif tool == "CheckNodeServiceStatus":
                if "Active: active" not in str(value):
                    self.down.setdefault(str(given.get("node_name")), []).append(name)
            elif tool == "GetAppYAML":
                declared.append(str(value))
            elif tool in {"GetResources", "DescribeResource"} and isinstance(value, str):
                running += self._keep(tool, name, given, value)
            else:
                self.raw[tool, name] = value
        self.manifests = _once(declared + running)

    def _keep(self, tool: str, name: str, given: Mapping[str, object], value: str) -> list[str]:
        """Keep an answer of kubectl; return it if it declares a workload."""
        if given.get("namespace") not in {None, "", self.namespace}:
            return []
        sort = str(given.get("resource_type", ""))
        sort = SINGULAR.get(sort, sort)
        variant = next((v for v in VARIANTS if given.get(v)), "")
        self._answers[tool, sort, name, variant] = value
        return [value] if variant == "output_yaml" and sort in WORKLOADS else []

    def listing(self, sort: str, variant: str = "") -> list[dict[str, str]]:
        """Return the rows of a listing."""
        return table(self._answers.get(("GetResources", sort, "", variant), ""))

    def was_listed(self, sort: str) -> bool:
        """Whether a listing was captured at all."""
        return ("GetResources", sort, "", "") in self._answers

    def described(self, sort: str) -> Iterator[tuple[str, str]]:
        """Return the descriptions of a sort of object, by name."""
        for (tool, of, name, variant), text in self._answers.items():
            is_it = (tool, of, variant) == ("DescribeResource", sort, "") and name
            if is_it and not text.startswith("Error"):
                yield name, text

    def of_kind(self, kind: str) -> Iterator[dict[str, Any]]:
        """Return the declared objects of a kind."""
        return (m for m in self.manifests if m.get("kind") == kind)


def _documents(text: str) -> Iterator[dict[str, Any]]:
    try:
        for item in yaml.load_all(text, Loader=LOADER):
            if isinstance(item, dict) and item.get("kind"):
                yield item
    except yaml.YAMLError:
        return


def _once(texts: list[str]) -> list[dict[str, Any]]:
    """Return the objects that manifests declare, each by its first declaration."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for text in texts:
        for item in _documents(text):
            found.setdefault((str(item.get("kind")), str(dig(item, "metadata").get("name"))), item)
    return list(found.values())


def _tests(name: str, port: int, text: str) -> Iterator[ConnectionTest]:
    origins = re.findall(r"deployed on ([\w.-]+):\s*(.+)", text)
    for origin, said in origins or [("", text)]:
        if OPENED.search(said) or REFUSED.search(said):
            yield ConnectionTest(name, port, not REFUSED.search(said), origin)
