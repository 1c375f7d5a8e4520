"""Why requests do not arrive: selectors, ports, protocols, addresses, name servers, routes."""

import difflib
import ipaddress
import re
from collections.abc import Iterator, Sequence

from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.cluster_admission import missing_services
from agents.specialists.cluster_routes import is_gateway
from agents.specialists.cluster_view import ClusterView
from telemetry.addresses import Pointer, pointers
from telemetry.cluster import ContainerPort, ContainerTemplate, ServicePort, ServiceState
from telemetry.types import WorkloadState, service

DATABASE = re.compile(r"mysql|maria|postgres|pgsql|\bpg|_pg_|mongo|oracle|mssql|sqlserver|jdbc|"
                      r"(^|_)(db|database)(_|$)", re.I)  # fmt: skip
CLOSE = 0.84
# Endings of a service's name that say how it is reached, not what it is.
EXPOSURES = {"external", "internal", "public", "private", "ext", "lb", "nodeport", "headless",
             "svc", "service"}  # fmt: skip


def check_routing(view: ClusterView) -> Iterator[Finding]:
    """Follow each Service to its pods and each setting to its Service."""
    yield from _reachability(view)
    for one in view.services.values():
        yield from _service(view, one)
    missing = {host for host, _ in missing_services(view)}
    for workload in view.workloads.values():
        yield from _settings(view, workload, missing)
        yield from _names(view, workload)
        if workload.replicas_desired == 0:
            yield from _zero(view, workload)


def _reachability(view: ClusterView) -> Iterator[Finding]:
    closed: dict[str, list[bool]] = {}
    for test in view.details.tests:
        closed.setdefault(test.service, []).append(test.is_open)
    for name, answers in closed.items():
        known = view.services.get(name)
        meant = view.meant_by(known) if known else view.workloads.get(name)
        resource = meant.resource if meant else service(name)
        if not any(answers):
            claim = f"{name} does not accept connections ({len(answers)} attempts)."
            yield view.finding("service_unreachable", resource, claim)
        else:
            claim = f"{name} accepts connections."
            yield view.finding("service_unreachable", resource, claim, presence=Presence.ABSENT)
    for one in view.services.values():
        meant = view.meant_by(one)
        if meant and one.has_endpoints and not one.ready and one.selector:
            claim = f"No ready pod stands behind the service {one.name}."
            yield view.finding("no_endpoints", meant.resource, claim)


def _service(view: ClusterView, one: ServiceState) -> Iterator[Finding]:
    if not one.selector:
        return
    behind = [p for p in view.state.pods if set(one.selector) <= set(p.labels)]
    if not behind and not view.backing(one):
        meant = view.workloads.get(one.name) or _nearest(view, one)
        if meant is not None:
            wanted = ", ".join(f"{k}={v}" for k, v in one.selector)
            has = ", ".join(f"{k}={v}" for k, v in meant.template.labels) if meant.template else ""
            claim = f"The service {one.name} selects {wanted}; no pod is labelled so ({meant.resource.name}: {has})."
            yield view.finding("selector_matches_no_pod", meant.resource, claim)
        return
    backing = view.backing(one)
    namesake = view.workloads.get(one.name) or _exposed(view, one)
    if backing and namesake and namesake not in backing and not is_gateway(one.name):
        claim = f"The service {one.name} selects pods of {backing[0].resource.name}, not its own."
        yield view.finding("selector_matches_no_pod", namesake.resource, claim, strength=0.9)
        return
    meant = view.meant_by(one)
    if meant is None:
        return
    declared = [p for c in view.containers(meant) for p in c.ports]
    for port in one.ports:
        yield from _port(view, one, port, meant, declared)


def _nearest(view: ClusterView, one: ServiceState) -> WorkloadState | None:
    """Return the workload whose labels share the most with a selector, or whose name is close."""
    for name, workload in view.workloads.items():
        labels = dict(workload.template.labels) if workload.template else {}
        if labels and set(labels.values()) & {v for _, v in one.selector}:
            return workload
        if one.name.startswith(f"{name}-") and workload.replicas_desired:
            return workload
    return None


def _exposed(view: ClusterView, one: ServiceState) -> WorkloadState | None:
    """Return the workload that a service exposes by its name ("shop-external" exposes "shop")."""
    name, _, suffix = one.name.rpartition("-")
    return view.workloads.get(name) if suffix in EXPOSURES else None


def _port(view: ClusterView, one: ServiceState, port: ServicePort, meant: WorkloadState,
          declared: Sequence[ContainerPort]) -> Iterator[Finding]:  # fmt: skip
    if not declared:
        return
    target = port.target or str(port.port)
    aimed = [p for p in declared if target in {str(p.number), p.name}]
    is_closed = any(t.service == one.name and t.port == port.port and not t.is_open
                    for t in view.details.tests)  # fmt: skip
    served = ", ".join(map(str, sorted({p.number for p in declared})))
    if not aimed:
        claim = (f"The service {one.name} forwards port {port.port} to {target}; its pods serve "
                 f"{served}.")  # fmt: skip
        yield view.finding("target_port_wrong", meant.resource, claim,
                           strength=1.0 if is_closed or not target.isdigit() else 0.6)  # fmt: skip
        return
    said = (port.app_protocol or port.name.partition("-")[0]).lower()
    asked = {target, *(str(p.number) for p in aimed)}
    spoken = {p.protocol for c in view.containers(meant) for p in c.probes if p.port in asked}
    is_crossed = (said in {"http", "https"} and spoken == {"grpc"}) or (
        said == "grpc" and spoken == {"http"})  # fmt: skip
    if port.protocol.upper() not in {p.protocol.upper() for p in aimed}:
        claim = (f"The service {one.name} forwards {port.protocol} to port {target}, where its pods "
                 f"speak {aimed[0].protocol}.")  # fmt: skip
        yield view.finding("service_protocol_wrong", meant.resource, claim)
    elif is_crossed:
        claim = (f"The service {one.name} declares {said} on port {port.port}; its pods speak "
                 f"{', '.join(sorted(spoken))}.")  # fmt: skip
        yield view.finding("service_protocol_wrong", meant.resource, claim, strength=0.8)


def _settings(view: ClusterView, workload: WorkloadState, missing: set[str]) -> Iterator[Finding]:
    if "Service" not in view.details.listed:
        return
    for container in view.containers(workload):
        for pointer in pointers(container.env):
            one = view.services.get(pointer.name)
            if one is None:
                yield from _nowhere(view, workload, pointer, missing)
            elif (
                pointer.port is not None
                and one.ports
                and pointer.port not in {p.port for p in one.ports}
            ):
                feature = (
                    "database_port_wrong" if _is_database(pointer, container) else "address_wrong"
                )
                offers = ", ".join(str(p.port) for p in one.ports)
                claim = (f"{pointer.setting} of {workload.resource.name} points to {pointer.host}:"
                         f"{pointer.port}; that service offers {offers}.")  # fmt: skip
                yield view.finding(feature, workload.resource, claim)


def _nowhere(view: ClusterView, workload: WorkloadState, pointer: Pointer, missing: set[str]
             ) -> Iterator[Finding]:  # fmt: skip
    if "." in pointer.host or pointer.name in missing:
        return
    near = difflib.get_close_matches(pointer.name, sorted(view.services), 1, CLOSE)
    spoken = [
        line for line in view.reader.logs("window").data
        if re.search(rf"(?<![\w-]){re.escape(pointer.name)}(?![\w-])", line.body)
        and re.search(r"no such host|resol|lookup|not found|unknown", line.body, re.I)
    ]  # fmt: skip
    if not near and not spoken:
        return  # Something optional that this system does without.
    claim = f"{pointer.setting} of {workload.resource.name} points to {pointer.host}, which no service is called"
    claim += f" (near: {near[0]})." if near else "."
    yield view.finding("address_wrong", workload.resource, claim)


def _is_database(pointer: Pointer, container: ContainerTemplate) -> bool:
    value = dict(container.env).get(pointer.setting, "")
    return bool(DATABASE.search(pointer.setting) or DATABASE.search(value))


def _names(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    """Report name servers of a pod's own, unless most here have the same."""
    template = workload.template
    if template is None or template.dns_policy != "None":
        return
    usual = [w.template.nameservers for w in view.workloads.values() if w.template]
    known = {s.cluster_ip for s in view.services.values()}
    foreign = [n for n in template.nameservers if n not in known and _is_address(n)]
    if foreign and usual.count(template.nameservers) * 2 < len(usual):
        claim = (f"Pods of {workload.resource.name} ask {', '.join(foreign)} for names, not the "
                 "cluster's name server.")  # fmt: skip
        yield view.finding("nameserver_foreign", workload.resource, claim)


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_link_local
    except ValueError:
        return True


def _zero(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    """Report a workload asked to have no pods although something depends on it."""
    case = view.reader.case
    selected = [s.name for s in view.services.values() if workload in view.backing(s)]
    callers = [r.name for r in case.graph.callers(workload.resource)]
    if selected or callers:
        who = f", although {', '.join(callers[:3])} call it" if callers else ""
        claim = f"{workload.resource.name} is scaled to zero{who}."
        yield view.finding("scaled_to_zero", workload.resource, claim)
