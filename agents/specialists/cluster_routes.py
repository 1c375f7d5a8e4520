"""Where gateways send requests: declared routes against what their paths are called."""

import json
import re
from collections.abc import Iterator

import yaml

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView
from telemetry.types import ClusterObject, WorkloadState

GATEWAY = re.compile(r"gateway|ingress|(^|-)(proxy|edge|router)(-|$)", re.I)
ROUTE_KEY = re.compile(r"(ROUTES?[_\[\.]?\d+[_\]\.]*)(URI|URL|TARGET|UPSTREAM|DESTINATION)$", re.I)
PATH = re.compile(r"Path=([^\"'\s,;]+)", re.I)
URI = re.compile(r"\buri:\s*[\"']?(?:lb|https?|grpc)://([\w.-]+)", re.I)
LOCATION = re.compile(
    r"location\s+[~=^*\s]*(/\S*)\s*\{[^}]*?proxy_pass\s+\w+://([\w.-]+)", re.I | re.S
)
MIN_CORE = 4


def is_gateway(name: str) -> bool:
    """Whether something is called like a gateway."""
    return bool(GATEWAY.search(name))


def check_routes(view: ClusterView) -> Iterator[Finding]:
    """Compare each declared route's path with the service that it leads to."""
    for workload in view.workloads.values():
        for path, target in _declared(view, workload):
            yield from _route(view, workload, path, target)
    for one in view.services.values():
        backing = view.backing(one)
        namesake = view.workloads.get(one.name)
        if is_gateway(one.name) and backing and namesake and namesake not in backing:
            claim = f"The service {one.name} leads to pods of {backing[0].resource.name}."
            yield view.finding("route_wrong", namesake.resource, claim)


def _declared(view: ClusterView, workload: WorkloadState) -> Iterator[tuple[str, str]]:
    """Return (path, host) of the routes in a workload's settings and in what it reads."""
    for container in view.containers(workload):
        known = {k.upper(): v for k, v in container.env}
        for key, value in known.items():
            match = ROUTE_KEY.search(key)
            if match:
                paths = [v for k, v in known.items() if match[1] in k and k != key]
                for path in filter(None, map(PATH.search, paths)):
                    yield path[1], _host(value)
            elif "://" in value:
                yield from routes_in(value)
    template = workload.template
    uses = {u.name for c in view.containers(workload) for u in c.uses if u.kind == "ConfigMap"}
    uses |= {u.name for u in template.uses if u.kind == "ConfigMap"} if template else set()
    for item in view.state.objects:
        is_own = item.kind == "ConfigMap" and item.name in uses
        if is_own or (item.kind != "ConfigMap" and is_gateway(workload.resource.name)):
            yield from routes_in(item.text)
            yield from _backends(item)


def routes_in(text: str) -> Iterator[tuple[str, str]]:
    """Return (path, host) of routes in JSON, YAML or a web server's configuration."""
    yield from ((path, host) for path, host in LOCATION.findall(text))
    if not PATH.search(text):
        return
    try:
        found = list(_objects(json.loads(text)))
    except ValueError:
        found = []
    for route in found:
        path = PATH.search(json.dumps(route))
        if path:
            yield path[1], _host(str(route["uri"]))
    if not found:
        # Routes follow one another: each has one target and one path.
        paths, hosts = PATH.findall(text), URI.findall(text)
        yield from zip(paths, hosts, strict=False) if len(paths) == len(hosts) else ()


def _objects(item: object) -> Iterator[dict[str, object]]:
    if isinstance(item, list):
        for one in item:
            yield from _objects(one)
    elif isinstance(item, dict):
        if "uri" in item:
            yield item
        for one in item.values():
            yield from _objects(one)


def _backends(item: ClusterObject) -> Iterator[tuple[str, str]]:
    """Return (path, host) of an Ingress, mesh or gateway route."""
    if item.kind == "ConfigMap":
        return
    try:
        found = yaml.safe_load(item.text)
    except yaml.YAMLError:
        return
    text = json.dumps(found)
    pattern = r'"path": "(/[^"]*)".{0,200}?"(?:name|serviceName|host)": "([\w.-]+)"'
    yield from re.findall(pattern, text)


def _host(target: str) -> str:
    return re.sub(r"^\w+://", "", target).partition("/")[0].partition(":")[0]


def _route(view: ClusterView, workload: WorkloadState, path: str, target: str
           ) -> Iterator[Finding]:  # fmt: skip
    host = target.partition(".")[0]
    words = re.sub(r"[^a-z0-9]", "", path.lower())
    names = set(view.services) | set(view.workloads)
    meant = [n for n in names if len(core(n)) >= MIN_CORE and core(n) in words]
    if host not in names:
        claim = (
            f"The route {path} of {workload.resource.name} leads to {host}, which does not exist."
        )
        yield view.finding("route_wrong", workload.resource, claim)
    elif meant and host not in meant:
        best = max(meant, key=lambda n: (len(core(n)), n))
        claim = f"The route {path} of {workload.resource.name} leads to {host}, not to {best}."
        yield view.finding("route_wrong", workload.resource, claim)


def core(name: str) -> str:
    """Return a service's name without hyphens and a short prefix that many share."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^[a-z]{1,3}-", "", name.lower()))
