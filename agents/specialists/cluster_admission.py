"""What is refused before it exists: accounts that are not there, quotas that are used up."""

import re
from collections.abc import Iterator

from agents.findings import Finding
from agents.specialists.cluster_view import ClusterView, quote
from telemetry.addresses import pointers
from telemetry.cluster import QuotaUse
from telemetry.types import WorkloadState, service

REFUSED = re.compile(r"FailedCreate\b.*(forbidden|not found|exceeded)", re.I)
NO_ACCOUNT = re.compile(r"serviceaccount \"?([\w.-]+)\"? not found", re.I)
EXCEEDED = re.compile(r"exceeded quota: ([\w.-]+), requested: (.+?), used:", re.I)
KINDS = (
    ("quota_services_full", re.compile(r"^(count/)?services(\.|$)")),
    ("quota_storage_full", re.compile(r"storage$|persistentvolumeclaims")),
    ("quota_cpu_full", re.compile(r"(^|\.)cpu$")),
    ("quota_memory_full", re.compile(r"(^|\.)memory$")),
    ("quota_pods_full", re.compile(r"^(count/)?pods$")),
)
NAMES = {"quota_services_full": "services", "quota_storage_full": "storage",
         "quota_cpu_full": "CPU", "quota_memory_full": "memory", "quota_pods_full": "pods"}  # fmt: skip


def check_admission(view: ClusterView) -> Iterator[Finding]:
    """Explain workloads whose pods are refused, and quotas with nothing left while something lacks."""
    blamed: set[str] = set()
    for name, workload in view.unready.items():
        refusals = view.said(name, REFUSED)
        if refusals:
            claim = f"Pods of {name} are refused: {quote(refusals[-1])}."
            yield view.finding("creation_refused", workload.resource, claim, event=refusals[-1])
            yield view.finding("creation_refused", view.namespace, claim, peer=workload.resource,
                               event=refusals[-1])  # fmt: skip
        yield from _account(view, workload)
        for event in refusals:
            for feature in _exceeded(event.message):
                if feature not in blamed:
                    blamed.add(feature)
                    claim = (f"The {NAMES[feature]} quota of {view.namespace.name} is used up and "
                             f"keeps pods of {name} out.")  # fmt: skip
                    yield view.finding(feature, view.namespace, claim, peer=workload.resource,
                                       event=event)  # fmt: skip
    missing = list(missing_services(view))
    for host, callers in missing:
        claim = f"There is no service {host}, which {', '.join(callers[:4])} call."
        yield view.finding("service_missing", service(host), claim)
        yield view.finding("service_missing", view.namespace, claim, peer=service(host))
    unserved = bool(missing) or any(_is_unserved(view, w) for w in view.workloads.values())
    for quota in view.details.quotas:
        feature = feature_of(quota.resource)
        if not feature or feature in blamed:
            continue
        lacks = _lack(view, feature, quota, unserved)
        if lacks:
            blamed.add(feature)
            claim = (f"Quota {quota.quota} of {view.namespace.name}: {quota.resource} "
                     f"{quota.used:g} of {quota.hard:g} used, and {lacks}.")  # fmt: skip
            yield view.finding(feature, view.namespace, claim)


def feature_of(resource: str) -> str:
    """Return the feature of a quota's resource, empty if it is none of the known."""
    return next((feature for feature, pattern in KINDS if pattern.search(resource)), "")


def _exceeded(message: str) -> Iterator[str]:
    match = EXCEEDED.search(message)
    for part in match[2].split(",") if match else ():
        feature = feature_of(part.partition("=")[0].strip())
        if feature:
            yield feature


def _lack(view: ClusterView, feature: str, quota: QuotaUse, lacks_service: bool) -> str:
    """Return what is missing that this quota would keep out, empty if nothing is."""
    if feature == "quota_services_full":
        return "something here has no service" if (
            lacks_service and quota.used >= quota.hard) else ""  # fmt: skip
    if feature == "quota_storage_full":
        wanted = {c for w in view.unready.values() if w.template for c in w.template.claims}
        absent = sorted(wanted - {c.name for c in view.details.claims})
        return f"the claim {absent[0]} does not exist" if absent else ""
    for name, workload in view.unready.items():
        if len(view.pods.get(name, [])) >= workload.replicas_desired:
            continue
        if quota.used + _need(feature, quota.resource, workload) > quota.hard:
            return f"{name} has no pod"
    return ""


def _is_unserved(view: ClusterView, workload: WorkloadState) -> bool:
    """Whether a workload listens although no Service selects it."""
    template = workload.template
    if template is None or "Service" not in view.details.listed:
        return False
    labels = set(template.labels)
    listens = any(c.ports for c in template.containers)
    chosen = any(s.selector and set(s.selector) <= labels for s in view.services.values())
    return listens and not chosen and workload.resource.name not in view.services


def _need(feature: str, resource: str, workload: WorkloadState) -> float:
    if feature == "quota_pods_full":
        return 1.0
    what = "cpu" if feature == "quota_cpu_full" else "memory"
    containers = workload.template.containers if workload.template else ()
    of = [c.limits if resource.startswith("limits") else c.requests for c in containers]
    return sum(dict(amounts).get(what, 0.0) for amounts in of)


def _account(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    name = workload.resource.name
    account = workload.template.service_account if workload.template else ""
    if view.pods.get(name) and account:
        return
    events = view.said(name, NO_ACCOUNT)
    said = NO_ACCOUNT.search(events[-1].message) if events else None
    wanted = account or (said[1] if said else "")
    is_there = view.details.has("ServiceAccount", wanted)
    if wanted and (is_there is False or (is_there is None and said)):
        claim = f"{name} runs as the service account {wanted}, which does not exist."
        yield view.finding("service_account_missing", workload.resource, claim,
                           event=events[-1] if events else None)  # fmt: skip


def missing_services(view: ClusterView) -> Iterator[tuple[str, list[str]]]:
    """Return hosts that are workloads here, or that several others call, and that no Service has."""
    if "Service" not in view.details.listed:
        return
    callers: dict[str, set[str]] = {}
    for name, workload in view.workloads.items():
        for container in view.containers(workload):
            for pointer in pointers(container.env):
                if pointer.name not in view.services and "." not in pointer.host:
                    callers.setdefault(pointer.name, set()).add(name)
    for host, names in sorted(callers.items()):
        if host in view.workloads or len(names) > 1:
            yield host, sorted(names)
