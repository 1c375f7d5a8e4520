"""Where gateways send requests: declared routes against what their paths are called."""

import difflib
import re
from collections.abc import Iterator

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView
from agents.specialists.route_texts import pairs_of_object, routes_in, routes_in_settings
from telemetry.redaction import redact
from telemetry.types import WorkloadState

GATEWAY = re.compile(r"gateway|ingress|(^|-)(proxy|edge|router)(-|$)", re.I)
# What gateways log of a target that nothing is called.
NOBODY = re.compile(
    r"(?:unable to find instances? for|no (?:servers?|instances?) (?:are )?(?:available|found) for"
    r"(?: service)?:?|host not found in upstream|lookup) [\"'`]?([a-z][\w-]*)", re.I)  # fmt: skip
GENERIC = {"api", "public", "static", "health", "metrics", "internal", "rest"}
MIN_CORE = 4
CLOSE = 0.84
UNUSED_STRENGTH = 0.4


def is_gateway(name: str) -> bool:
    """Whether something is called like a gateway."""
    return bool(GATEWAY.search(name))


def check_routes(view: ClusterView) -> Iterator[Finding]:
    """Compare each declared route's path with the service that it leads to."""
    gateways = [w for w in view.workloads.values() if is_gateway(w.resource.name)]
    for workload in view.workloads.values():
        for path, target in _declared(view, workload):
            yield from _route(view, workload, path, target)
    for item in view.state.objects:
        if item.kind != "ConfigMap":
            for path, target in pairs_of_object(item):
                for gateway in gateways or _meant_workloads(view, path):
                    yield from _route(view, gateway, path, target)
    for one in view.services.values():
        backing = view.backing(one)
        namesake = view.workloads.get(one.name)
        if is_gateway(one.name) and backing and namesake and namesake not in backing:
            claim = f"The service {one.name} leads to pods of {backing[0].resource.name}."
            yield view.finding("route_wrong", namesake.resource, claim)
    for gateway in gateways:
        yield from _nobody(view, gateway)


def _declared(view: ClusterView, workload: WorkloadState) -> Iterator[tuple[str, str]]:
    """Return (path, host) of the routes in a workload's settings and in what it reads."""
    for container in view.containers(workload):
        yield from routes_in_settings({k.upper(): v for k, v in container.env})
        yield from routes_in("\n".join(container.arguments))
    template = workload.template
    uses = {u.name for c in view.containers(workload) for u in c.uses if u.kind == "ConfigMap"}
    uses |= {u.name for u in template.uses if u.kind == "ConfigMap"} if template else set()
    for item in view.state.objects:
        if item.kind == "ConfigMap" and item.name in uses:
            yield from routes_in(item.text)


def _nobody(view: ClusterView, gateway: WorkloadState) -> Iterator[Finding]:
    """Report a gateway that looks for a target which nothing here is called."""
    known = {n.lower() for n in (*view.services, *view.workloads)}
    for line in view.reader.logs("window").data:
        match = NOBODY.search(line.body) if line.resource == gateway.resource else None
        if match and match[1].lower() not in known and "-" in match[1]:
            claim = (f"{gateway.resource.name} sends requests to {match[1]}, which nothing here is "
                     f'called: "{redact(line.body, limit=140)}".')  # fmt: skip
            yield view.finding("route_wrong", gateway.resource, claim, strength=0.9)
            return


def _meant_workloads(view: ClusterView, path: str) -> list[WorkloadState]:
    return [view.workloads[n] for n in meant_by_path(path, set(view.workloads))][:1]


def meant_by_path(path: str, names: set[str]) -> list[str]:
    """Return the names that a segment of a path spells, the longest first.

    "/api/v1/orders/**" means "orders", "order-service" or "shop-order": prefixes that many share,
    plurals and words such as "service" do not count.
    """
    parts = {core(p) for p in path.split("/") if p.lower() not in GENERIC}
    found = [n for n in names if len(core(n)) >= MIN_CORE and core(n) in parts]
    return sorted(found, key=lambda n: (-len(n), n))


def _route(view: ClusterView, workload: WorkloadState, path: str, target: str
           ) -> Iterator[Finding]:  # fmt: skip
    host, _, domain = target.partition(".")
    if domain and ".svc" not in f".{domain}" and domain != view.namespace.name:
        return  # Something outside, or another namespace's: its names are not known here.
    names = set(view.services) | set(view.workloads)
    meant = meant_by_path(path, names)
    if host not in names:
        claim = (
            f"The route {path} of {workload.resource.name} leads to {host}, which does not exist."
        )
        # A route for something that this system does without is no fault.
        is_near = bool(meant) or bool(difflib.get_close_matches(host, names, 1, CLOSE))
        yield view.finding("route_wrong", workload.resource, claim,
                           strength=1.0 if is_near else UNUSED_STRENGTH)  # fmt: skip
    elif meant and core(host) not in {core(n) for n in meant}:
        claim = f"The route {path} of {workload.resource.name} leads to {host}, not to {meant[0]}."
        yield view.finding("route_wrong", workload.resource, claim)


def core(name: str) -> str:
    """Return what a name says: no hyphens, short prefix, plural, or word for a service."""
    plain = re.sub(r"^[a-z]{1,3}-", "", name.lower())
    plain = re.sub(r"[^a-z0-9]", "", plain)
    return re.sub(r"(?<=...)s$", "", re.sub(r"(?<=...)(service|svc|server)s?$", "", plain))
