"""Routes in the forms that people declare them in: settings, JSON, YAML, a web server's, objects."""

import json
import re
from collections.abc import Iterator, Mapping

import yaml

from telemetry.types import ClusterObject

ROUTE_KEY = re.compile(r"(ROUTES?[_\[\.]?\d+[_\]\.]*)(URI|URL|TARGET|UPSTREAM|DESTINATION)$", re.I)
PATH = re.compile(r"Path=([^\"'\s,;]+)", re.I)
URI = re.compile(r"\buri:\s*[\"']?(?:lb|https?|grpc)://([\w.-]+)", re.I)
LOCATION = re.compile(
    r"location\s+[~=^*\s]*(/\S*)\s*\{[^}]*?proxy_pass\s+\w+://([\w.-]+)", re.I | re.S
)
# Keys under which an Ingress, a mesh's or a gateway's route says where to, and those of a name.
TARGETS = {"backend", "backends", "backendRefs", "route", "destination", "services"}
NAMES = {"name", "host", "serviceName"}


def routes_in_settings(known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return (path, host) of routes in settings, by upper-case name."""
    for key, value in known.items():
        match = ROUTE_KEY.search(key)
        if match:
            paths = [v for k, v in known.items() if match[1] in k and k != key]
            for path in filter(None, map(PATH.search, paths)):
                yield path[1], host_of(value)
        elif "://" in value:
            yield from routes_in(value)


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
            yield path[1], host_of(str(route["uri"]))
    if not found:
        # Routes follow one another: each has one target and one path.
        paths, hosts = PATH.findall(text), URI.findall(text)
        yield from zip(paths, hosts, strict=False) if len(paths) == len(hosts) else ()


def pairs_of_object(item: ClusterObject) -> Iterator[tuple[str, str]]:
    """Return (path, host) of an Ingress, mesh or gateway route; nothing where it cannot be read."""
    try:
        found = yaml.safe_load(item.text)
    except yaml.YAMLError:
        return
    for rule in _dicts(found):
        hosts = [h for key in TARGETS & rule.keys() for h in _named(rule[key])]
        rest = [value for key, value in rule.items() if key not in TARGETS]
        paths = [t for value in rest for t in _texts(value) if t.startswith("/")]
        yield from ((path, host) for path in paths for host in hosts)


def _objects(item: object) -> Iterator[dict[str, object]]:
    return (found for found in _dicts(item) if "uri" in found)


def _dicts(item: object) -> Iterator[dict[str, object]]:
    for one in item if isinstance(item, list) else item.values() if isinstance(item, dict) else ():
        yield from _dicts(one)
    if isinstance(item, dict):
        yield item


def _named(item: object) -> Iterator[str]:
    """Return the names of services somewhere in a target; a port's name is none."""
    if isinstance(item, list):
        for one in item:
            yield from _named(one)
    elif isinstance(item, dict) and item.get("kind", "Service") == "Service":
        for key, value in item.items():
            if key in NAMES and isinstance(value, str):
                yield value
            elif key != "port":
                yield from _named(value)


def _texts(item: object) -> Iterator[str]:
    if isinstance(item, str):
        yield item
    for one in item if isinstance(item, list) else item.values() if isinstance(item, dict) else ():
        yield from _texts(one)


def host_of(target: str) -> str:
    """Return the host of a target: ``lb://orders:80/x`` is orders."""
    return re.sub(r"^\w+://", "", target).partition("/")[0].partition(":")[0]
