"""Captured answers of kubectl to typed cluster state."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml

from telemetry.adapters.kubernetes.manifests import (
    MODES,
    Contents,
    claim_of,
    dig,
    service_of,
    template_of,
    volume_of,
)
from telemetry.adapters.kubernetes.quantities import amount
from telemetry.adapters.recorded import kubectl_text as text_of
from telemetry.adapters.recorded.captured import WORKLOADS, Captured
from telemetry.adapters.recorded.kubectl_routes import described_routes
from telemetry.adapters.recorded.kubectl_text import fields, first
from telemetry.adapters.recorded.secrets_declared import readable
from telemetry.cluster import (
    ClaimState,
    ClusterDetails,
    NodeFacts,
    ObjectName,
    PodTemplate,
    QuotaUse,
    ServicePort,
    ServiceState,
    Taint,
    VolumeState,
)
from telemetry.types import (
    ClusterEvent,
    ClusterObject,
    ClusterState,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    WorkloadState,
    service,
)

POD = re.compile(r"^(.*?)-[0-9a-z]{5,10}-[a-z0-9]{5}$|^(.*)-\d+$")
SETS = re.compile(r"^(.*)-[0-9a-z]{5,10}$")
ROUTING = {"ConfigMap", "Ingress", "VirtualService", "HTTPRoute"}
MAX_TEXT = 20_000
KINDS = {"secrets": "Secret", "configmaps": "ConfigMap", "serviceaccounts": "ServiceAccount",
         "storageclasses": "StorageClass"}  # fmt: skip


def owner(pod: str) -> str:
    """Return the workload of a pod by its name."""
    match = POD.match(pod)
    return (match[1] or match[2]) if match else pod


def state_of(captured: Captured, at: datetime) -> ClusterState:
    """Return everything that was captured of the cluster."""
    contents = _contents(captured)
    return ClusterState(
        pods=tuple(_pods(captured)),
        workloads=tuple(_workloads(captured, contents)),
        nodes=tuple(_nodes(captured)),
        events=tuple(sorted(_events(captured, at), key=lambda e: e.at)),
        objects=tuple(_objects(captured)),
        details=_details(captured),
    )


def _objects(captured: Captured) -> Iterator[ClusterObject]:
    """Return what routes requests, as text: config maps, ingresses, mesh and gateway routes."""
    for item in captured.manifests:
        kind, name = str(item.get("kind")), str(dig(item, "metadata").get("name"))
        if kind in ROUTING:
            kept = {k: v for k, v in item.items() if k in {"spec", "data"}}
            yield ClusterObject(kind, name, captured.namespace, yaml.safe_dump(kept, width=1000))
    yield from described_routes(captured)
    declared = {i.get("metadata", {}).get("name") for i in captured.of_kind("ConfigMap")}
    for name, text in captured.described("configmaps"):
        if name not in declared and "\nData\n" in text:
            body = text.partition("\nData\n")[2].partition("\nBinaryData")[0][:MAX_TEXT]
            yield ClusterObject("ConfigMap", name, captured.namespace, body)


def _contents(captured: Captured) -> Contents:
    found = {}
    for kind in ("Secret", "ConfigMap"):
        for item in captured.of_kind(kind):
            data = {**dig(item, "data"), **dig(item, "stringData")}
            is_encoded = kind == "Secret" and not dig(item, "stringData")
            found[kind, str(dig(item, "metadata").get("name"))] = readable(data, kind, is_encoded)
    return found


def _pods(captured: Captured) -> Iterator[PodState]:
    details = dict(captured.described("pods"))
    for row in captured.listing("pods"):
        name, status = row.get("NAME", ""), row.get("STATUS", "")
        detail = details.get(name, "")
        about = fields(detail)
        ready, _, total = row.get("READY", "0/1").partition("/")
        restarts = re.match(r"\d+", row.get("RESTARTS", "0"))
        last = re.search(r"Last State:\s+Terminated\s+Reason:\s+(\S+)(?:\s+Exit Code:\s+(\d+))?",
                         detail)  # fmt: skip
        waiting = re.findall(
            r"^    State:\s+(?:Waiting|Terminated)\s+Reason:\s+(\S+)", detail, re.M
        )
        message = re.search(r"^\s+Message:\s+(.+)$", detail, re.M)
        calm = {"Running", "Completed"}
        yield PodState(
            name=name, workload=owner(name), namespace=captured.namespace,
            node=first(about, "Node").partition("/")[0],
            phase=status, ready=_is_ready(detail, ready == total and status == "Running"),
            restarts=int(restarts[0]) if restarts else 0,
            reason=next((w for w in waiting if w not in calm), "" if status in calm else status),
            last_termination=last[1] if last else "",
            exit_code=int(last[2]) if last and last[2] else None,
            image=next(iter(re.findall(r"^    Image:\s+(\S+)", detail, re.M)), ""),
            message=message[1].strip() if message else "",
            labels=text_of.labels(about.get("Labels", [])), address=first(about, "IP"),
        )  # fmt: skip


def _is_ready(detail: str, otherwise: bool) -> bool:
    """Return what the conditions say; the description was made after the listing."""
    said = re.search(r"^\s+Ready\s+(True|False)\s*$", detail, re.M)
    return said[1] == "True" if said else otherwise


def _workloads(captured: Captured, contents: Contents) -> Iterator[WorkloadState]:
    templates: dict[tuple[str, str], PodTemplate] = {
        (str(m["kind"]), str(dig(m, "metadata").get("name"))): template_of(m, contents)
        for kind in WORKLOADS.values() for m in captured.of_kind(kind)
    }  # fmt: skip
    for sort, kind in WORKLOADS.items():
        details = dict(captured.described(sort))
        for row in captured.listing(sort):
            name = row.get("NAME", "")
            ready, _, wanted = row.get("READY", "").partition("/")
            if kind == "DaemonSet":
                ready, wanted = row.get("READY", "0"), row.get("DESIRED", "0")
            conditions = re.findall(
                r"^\s+(\w+)\s+(?:True|False)\s+(\w+)", details.get(name, ""), re.M
            )
            template = templates.get((kind, name))
            yield WorkloadState(
                service(name), kind, int(wanted or 0), int(ready or 0),
                image=template.containers[0].image if template and template.containers else "",
                conditions=tuple(f"{a} {b}" for a, b in conditions), template=template,
            )  # fmt: skip


def _nodes(captured: Captured) -> Iterator[NodeState]:
    details = dict(captured.described("nodes"))
    for row in captured.listing("nodes"):
        name, status = row.get("NAME", ""), row.get("STATUS", "")
        detail = details.get(name, "")
        about = fields(detail)
        pressure = re.findall(r"^\s+(\w+Pressure|NetworkUnavailable)\s+True", detail, re.M)
        given = {k: v for line in about.get("Allocatable", []) for k, _, v in [line.partition(":")]}
        used = re.findall(r"^\s+(cpu|memory)\s+(\S+) \(\d+%\)", detail, re.M)
        yield NodeState(
            name, status.split(",")[0] == "Ready", tuple(pressure), "SchedulingDisabled" in status,
            tuple(captured.down.get(name, ())),
            NodeFacts(
                labels=text_of.labels(about.get("Labels", [])),
                taints=tuple(_taints(about.get("Taints", []))),
                allocatable=_numbers(given.items()), requested=_numbers(used),
            ),
        )  # fmt: skip


def _taints(lines: list[str]) -> Iterator[Taint]:
    for line in lines:
        left, _, effect = line.rpartition(":")
        if left:
            key, _, value = left.partition("=")
            yield Taint(key, value, effect)


def _numbers(items: Any) -> tuple[tuple[str, float], ...]:
    found = [(str(k).strip(), amount(str(v).strip())) for k, v in items]
    return tuple((k, v) for k, v in found if v is not None)


def _owner_of_set(name: str) -> str:
    match = SETS.match(name)
    return match[1] if match else name


def _events(captured: Captured, at: datetime) -> Iterator[ClusterEvent]:
    claims: dict[str, str] = {}
    for name, text in captured.described("persistentvolumeclaims"):
        claims[name] = first(fields(text), "Used By")
    named: dict[str, Callable[[str], str]] = {
        "pods": owner, "replicasets": _owner_of_set,
        "deployments": str, "statefulsets": str, "daemonsets": str, "services": str,
        "persistentvolumeclaims": lambda n: owner(claims[n]) if claims.get(n) else n,
        "nodes": str,
    }  # fmt: skip
    for sort, name_of in named.items():
        for name, text in captured.described(sort):
            ref = (
                ResourceRef(ResourceKind.NODE, name) if sort == "nodes" else service(name_of(name))
            )
            for event in text_of.events(text):
                yield ClusterEvent(text_of.before(at, event.age_seconds), ref, event.reason,
                                   event.message, event.is_warning, event.times)  # fmt: skip


def _details(captured: Captured) -> ClusterDetails:
    listed = {kind for sort, kind in KINDS.items() if captured.was_listed(sort)}
    for sort, kind in (
        ("services", "Service"),
        ("persistentvolumeclaims", "PersistentVolumeClaim"),
    ):
        if captured.was_listed(sort):
            listed.add(kind)
    present = tuple(
        ObjectName(kind, row.get("NAME", "").removesuffix(" (default)"))
        for sort, kind in KINDS.items() for row in captured.listing(sort)
    )  # fmt: skip
    return ClusterDetails(
        services=tuple(_services(captured)), claims=tuple(_claims(captured)),
        volumes=tuple(_volumes(captured)), quotas=tuple(_quotas(captured)),
        tests=tuple(captured.tests), present=present, listed=tuple(sorted(listed)),
    )  # fmt: skip


def _services(captured: Captured) -> Iterator[ServiceState]:
    declared = {s.name: s for s in map(service_of, captured.of_kind("Service"))}
    behind = dict(captured.described("endpoints"))
    for name, text in captured.described("services"):
        about = fields(text)
        ports = []
        for port, target in zip(
            _repeated(text, "Port"), _repeated(text, "TargetPort"), strict=False
        ):
            words = port.split()
            number, _, protocol = words[-1].partition("/")
            ports.append(ServicePort(int(number), target.partition("/")[0],
                                     "" if words[0] in text_of.NONE or len(words) < 2 else words[0],
                                     protocol or "TCP"))  # fmt: skip
        known = declared.get(name)
        if known:
            said = {p.port: p.app_protocol for p in known.ports}
            ports = [replace(p, app_protocol=said.get(p.port, "")) for p in ports]
        ends = behind.get(name)
        yield ServiceState(
            name=name, namespace=captured.namespace,
            selector=text_of.labels(about.get("Selector", [])), ports=tuple(ports),
            cluster_ip=first(about, "IP"),
            ready=_addresses(ends or "", "Addresses"),
            not_ready=_addresses(ends or "", "NotReadyAddresses"), has_endpoints=ends is not None,
        )  # fmt: skip


def _repeated(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}:\s+(.+?)\s*$", text, re.M)


def _addresses(text: str, key: str) -> tuple[str, ...]:
    found = re.search(rf"^\s+{key}:\s+(.*)$", text, re.M)
    if not found or found[1].strip() in text_of.NONE:
        return ()
    return tuple(a.strip() for a in found[1].split(","))


def _claims(captured: Captured) -> Iterator[ClaimState]:
    declared = {c.name: c for c in map(claim_of, captured.of_kind("PersistentVolumeClaim"))}
    for row in captured.listing("persistentvolumeclaims"):
        name = row.get("NAME", "")
        known = declared.get(name)
        modes = tuple(m for m in row.get("ACCESS MODES", "").split(",") if m)
        yield ClaimState(
            name=name, phase=row.get("STATUS", ""),
            storage_class=known.storage_class if known else row.get("STORAGECLASS", ""),
            access_modes=(known.access_modes if known else ()) or modes,
            requested_bytes=known.requested_bytes if known else amount(row.get("CAPACITY")) or 0.0,
            labels=known.labels if known else (), volume=row.get("VOLUME", "") or (
                known.volume if known else ""),
        )  # fmt: skip


def _volumes(captured: Captured) -> Iterator[VolumeState]:
    declared = {v.name: v for v in map(volume_of, captured.of_kind("PersistentVolume"))}
    details = dict(captured.described("persistentvolumes"))
    for row in captured.listing("persistentvolumes"):
        name = row.get("NAME", "")
        known = declared.get(name)
        said = text_of.labels(fields(details.get(name, "")).get("Labels", []))
        yield VolumeState(
            name=name, phase=row.get("STATUS", ""),
            storage_class="" if row.get("STORAGECLASS", "") in text_of.NONE else row["STORAGECLASS"],
            access_modes=tuple(MODES.get(m, m) for m in row.get("ACCESS MODES", "").split(",") if m),
            capacity_bytes=amount(row.get("CAPACITY")) or 0.0,
            labels=said or (known.labels if known else ()), claim=row.get("CLAIM", ""),
        )  # fmt: skip


def _quotas(captured: Captured) -> Iterator[QuotaUse]:
    described = dict(captured.described("resourcequota"))
    for row in captured.listing("resourcequota"):
        if row.get("NAME") not in described:
            both = f"{row.get('REQUEST', '')}, {row.get('LIMIT', '')}"
            for resource, left, right in re.findall(r"([\w./-]+): (\w+)/(\w+)", both):
                used, hard = amount(left), amount(right)
                if used is not None and hard is not None:
                    yield QuotaUse(row["NAME"], captured.namespace, resource, used, hard)
    for name, text in described.items():
        about = fields(text)
        for line in re.findall(r"^(\S+)\s+(\S+)\s+(\S+)\s*$", text, re.M):
            used, hard = amount(line[1]), amount(line[2])
            if used is not None and hard is not None:
                yield QuotaUse(
                    name, first(about, "Namespace") or captured.namespace, line[0], used, hard
                )
