"""What routes requests, as ``kubectl describe`` prints it: an Ingress's rules."""

import re
from collections.abc import Iterator

import yaml

from telemetry.adapters.recorded.captured import Captured
from telemetry.types import ClusterObject

RULE = re.compile(r"^\s+(/\S*)\s+([a-z0-9][\w.-]*):(\S+)", re.M)


def described_routes(captured: Captured) -> Iterator[ClusterObject]:
    """Return the Ingresses that were described, with their rules as a manifest declares them."""
    for name, text in captured.described("ingresses"):
        rules = text.partition("\nRules:")[2].partition("\nAnnotations:")[0]
        paths = [
            {"path": path, "backend": {"service": {"name": host, "port": {"name": port}}}}
            for path, host, port in RULE.findall(rules)
        ]  # fmt: skip
        if paths:
            spec = {"rules": [{"http": {"paths": paths}}]}
            body = yaml.safe_dump({"spec": spec}, width=1000)
            yield ClusterObject("Ingress", name, captured.namespace, body)
