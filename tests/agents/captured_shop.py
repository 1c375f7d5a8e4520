"""The hand-made shop as captured answers of kubectl-like tools: text, as Kubernetes prints it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from telemetry.cluster import ContainerTemplate, PodTemplate, Probe, ServiceState
from telemetry.types import NodeState, PodState
from tests.agents.clusters import CALLS, NOW, Shop

HANDLERS = {"http": "httpGet", "tcp": "tcpSocket", "grpc": "grpc"}
LISTED = ("secrets", "configmaps", "serviceaccounts", "storageclasses")
KINDS = {"ServiceAccount": "serviceaccounts", "StorageClass": "storageclasses",
         "Secret": "secrets", "ConfigMap": "configmaps"}  # fmt: skip
MODES = {"RWO": "ReadWriteOnce", "RWX": "ReadWriteMany", "ROX": "ReadOnlyMany"}
ROOM = 12
OPEN = "Active: active (running) since Mon 2026-05-04 10:00:00 UTC; 2h ago"
DEAD = "Active: inactive (dead) since Mon 2026-05-04 11:57:00 UTC; 3min ago"


def write_captured(shop: Shop, folder: Path) -> Path:
    """Write the shop as one case of the public set's format and return its file."""
    cache: dict[str, object] = {}
    for key, answer in (*_listings(shop), *_descriptions(shop), *_tools(shop)):
        cache[key] = answer
    case = {
        "id": "made", "system": "shop", "namespace": "shop", "query": "The shop does not work",
        "collection_timestamp": NOW.replace(tzinfo=None).isoformat(), "tool_cache": cache,
        "recent_logs": {}, "metrics_csv": None,
    }  # fmt: skip
    path = folder / "made.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    return path


def _ask(tool: str, **given: object) -> str:
    return f"{tool}:{json.dumps(given)}"


def _get(sort: str) -> str:
    return _ask("GetResources", resource_type=sort, name="", namespace="shop")


def _describe(sort: str, name: str) -> str:
    return _ask("DescribeResource", resource_type=sort, name=name, namespace="shop")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Print rows as kubectl does, with room for longer names. Only a heading: nothing is printed."""
    if len(rows) < 2:
        return ""
    widths = [max(len(row[i]) for row in rows) + ROOM for i in range(len(rows[0]))]
    return "\n".join(
        "".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows
    ) + "\n"  # fmt: skip


def _listings(shop: Shop) -> Iterator[tuple[str, str]]:
    pods = [p for found in shop.pods.values() for p in found]
    yield _get("pods"), table([
        ("NAME", "READY", "STATUS", "RESTARTS", "AGE"),
        *((p.name, f"{int(p.ready)}/1", p.phase, str(p.restarts), "2m") for p in pods),
    ])  # fmt: skip
    yield _get("deployments"), table([
        ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
        *((n, f"{sum(p.ready for p in shop.pods[n])}/{shop.desired[n]}", "1", "1", "2m")
          for n in shop.templates),
    ])  # fmt: skip
    yield _get("services"), table([
        ("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"),
        *((s.name, "ClusterIP", "10.9.0.1", "<none>", "80/TCP", "2m")
          for s in shop.services.values()),
    ])  # fmt: skip
    yield _get("nodes"), table([
        ("NAME", "STATUS", "ROLES", "AGE", "VERSION"),
        *((n.name, f"{'' if n.ready else 'Not'}Ready{',SchedulingDisabled' * n.unschedulable}",
           "node", "9d", "v1.31.2") for n in shop.nodes.values()),
    ])  # fmt: skip
    yield _get("persistentvolumeclaims"), table([
        ("NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "AGE"),
        *((c.name, c.phase, c.volume, "", "", c.storage_class or "", "2m")
          for c in shop.details.claims),
    ])  # fmt: skip
    yield _get("persistentvolumes"), table([
        ("NAME", "CAPACITY", "ACCESS MODES", "STATUS", "CLAIM", "STORAGECLASS", "AGE"),
        *((v.name, f"{v.capacity_bytes:.0f}", ",".join(v.access_modes), v.phase, v.claim,
           v.storage_class, "2m") for v in shop.details.volumes),
    ])  # fmt: skip
    for sort in LISTED:
        names = [o.name for o in shop.details.present if KINDS[o.kind] == sort]
        yield _get(sort), table([("NAME", "AGE"), *((n, "2m") for n in names)])


def _descriptions(shop: Shop) -> Iterator[tuple[str, str]]:
    for name, pods in shop.pods.items():
        for pod in pods:
            yield _describe("pods", pod.name), _pod(pod) + _events(shop, name)
        if not pods:
            head = f"Name:       {name}-6f96d9cc9\n"
            yield _describe("replicasets", f"{name}-6f96d9cc9"), head + _events(shop, name)
    for one in shop.services.values():
        yield _describe("services", one.name), _service(one)
        ready = ",".join(one.ready) or "<none>"
        yield (_describe("endpoints", one.name),
               f"Name:  {one.name}\nSubsets:\n  Addresses:          {ready}\n"
               "  NotReadyAddresses:  <none>\n")  # fmt: skip
    for node in shop.nodes.values():
        yield _describe("nodes", node.name), _node(node)
    quotas = {q.quota for q in shop.details.quotas}
    for quota in quotas:
        rows = [("Resource", "Used", "Hard"), ("--------", "----", "----")]
        rows += [(q.resource, f"{q.used:.0f}", f"{q.hard:.0f}") for q in shop.details.quotas]
        yield _describe("resourcequota", quota), f"Name:  {quota}\nNamespace:  shop\n{table(rows)}"


def _events(shop: Shop, name: str) -> str:
    rows = [e for e in shop.events if e.resource.name == name]
    if not rows:
        return "Events:  <none>\n"
    lines = [f"  Warning  {e.reason}  30s (x4 over 2m)  kubelet  {e.message}" for e in rows]
    return (
        "Events:\n  Type     Reason  Age  From  Message\n  ----     ------  ---  ----  -------\n"
        + ("\n".join(lines) + "\n")
    )


def _pod(pod: PodState) -> str:
    last = (f"    Last State:     Terminated\n      Reason:       {pod.last_termination or 'Error'}\n"
            f"      Exit Code:    {pod.exit_code or 1}\n") if pod.restarts else ""  # fmt: skip
    state = f"Waiting\n      Reason:       {pod.reason}" if pod.reason else "Running"
    labels = "\n                  ".join(f"{k}={v}" for k, v in pod.labels)
    return (
        f"Name:             {pod.name}\nNamespace:        shop\n"
        f"Node:             {pod.node + '/10.1.0.1' if pod.node else '<none>'}\n"
        f"Labels:           {labels}\nIP:               {'10.0.0.1' if pod.node else ''}\n"
        f"Containers:\n  main:\n    Image:          {pod.image}\n    State:          {state}\n"
        f"{last}    Ready:          {pod.ready}\n    Restart Count:  {pod.restarts}\n"
        f"Conditions:\n  Type              Status\n  Ready             {pod.ready}\n"
    )


def _service(one: ServiceState) -> str:
    selector = ",".join(f"{k}={v}" for k, v in one.selector) or "<none>"
    ports = "".join(
        f"Port:              {p.name or '<unset>'}  {p.port}/{p.protocol}\n"
        f"TargetPort:        {p.target}/{p.protocol}\n" for p in one.ports
    )  # fmt: skip
    return (f"Name:              {one.name}\nNamespace:         shop\nSelector:          {selector}\n"
            f"IP:                10.9.0.1\n{ports}Events:            <none>\n")  # fmt: skip


def _node(node: NodeState) -> str:
    labels = "\n                    ".join(f"{k}={v}" for k, v in node.facts.labels) or "<none>"
    taints = "\n                    ".join(
        f"{t.key}={t.value}:{t.effect}" for t in node.facts.taints
    )
    room = "\n".join(f"  {k}:  {v:.0f}" for k, v in node.facts.allocatable)
    return (f"Name:               {node.name}\nLabels:             {labels}\n"
            f"Taints:             {taints or '<none>'}\nAllocatable:\n{room}\n"
            "System Info:\n  Kernel Version:  6.1\n")  # fmt: skip


def _tools(shop: Shop) -> Iterator[tuple[str, object]]:
    for name, template in shop.templates.items():
        documents = [_workload(name, template, shop.desired[name]), *_claims(shop, template)]
        yield _ask("GetAppYAML", app_name=name), yaml.safe_dump_all(documents)
        said = [line.body for line in shop.lines if line.resource.name == name]
        yield (_ask("GetErrorLogs", namespace="shop", service_name=name),
               {"main": said} if said else {})  # fmt: skip
        below = "\n".join(f"├── {b}" for a, b in CALLS if a == name)
        yield (_ask("GetServiceDependencies", service_name=name),
               f"[Service]: {name}\n[Downstream (Calls)]:\n{name}\n{below}\n")  # fmt: skip
    for name in shop.services:
        said_of = "Connection Failed" if name in shop.closed else f"{name} (10.9.0.1) open"
        key = _ask("CheckServiceConnectivity", namespace="shop", service_name=name,
                   port=shop.services[name].ports[0].port)  # fmt: skip
        yield key, said_of
    for node in shop.nodes.values():
        for daemon in ("kubelet", "containerd", "kube-proxy", "kube-scheduler"):
            key = _ask("CheckNodeServiceStatus", node_name=node.name, service_name=daemon)
            yield key, DEAD if daemon in node.services_down else OPEN


def _claims(shop: Shop, template: PodTemplate) -> Iterator[dict[str, object]]:
    for claim in shop.details.claims:
        if claim.name in template.claims:
            spec: dict[str, object] = {
                "storageClassName": claim.storage_class,
                "accessModes": [MODES[m] for m in claim.access_modes],
                "resources": {"requests": {"storage": f"{claim.requested_bytes:.0f}"}},
            }
            if claim.labels:
                spec["selector"] = {"matchLabels": dict(claim.labels)}
            yield {"kind": "PersistentVolumeClaim", "metadata": {"name": claim.name}, "spec": spec}


def _workload(name: str, template: PodTemplate, replicas: int) -> dict[str, object]:
    spec: dict[str, object] = {
        "serviceAccountName": template.service_account,
        "containers": [_container(c) for c in template.containers],
        "volumes": [{"name": c, "persistentVolumeClaim": {"claimName": c}}
                    for c in template.claims],
    }  # fmt: skip
    if template.node_selector:
        spec["nodeSelector"] = dict(template.node_selector)
    if template.dns_policy:
        spec["dnsPolicy"] = template.dns_policy
        spec["dnsConfig"] = {"nameservers": list(template.nameservers)}
    affinity: dict[str, object] = {}
    needed = "requiredDuringSchedulingIgnoredDuringExecution"
    if template.node_affinity:
        terms = [{"matchExpressions": [_rule(r) for r in t]} for t in template.node_affinity]
        affinity["nodeAffinity"] = {needed: {"nodeSelectorTerms": terms}}
    if template.pod_anti_affinity:
        affinity["podAntiAffinity"] = {needed: [
            {"topologyKey": t.topology,
             "labelSelector": {"matchExpressions": [_rule(r) for r in t.rules]}}
            for t in template.pod_anti_affinity
        ]}  # fmt: skip
    spec["affinity"] = affinity
    pod = {"metadata": {"labels": dict(template.labels)}, "spec": spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "template": pod}}  # fmt: skip


def _rule(rule: object) -> dict[str, object]:
    return {"key": rule.key, "operator": rule.operator, "values": list(rule.values)}  # type: ignore[attr-defined]  # a LabelRule


def _container(one: ContainerTemplate) -> dict[str, object]:
    found: dict[str, object] = {
        "name": one.name, "image": one.image,
        "ports": [{"containerPort": p.number, "name": p.name, "protocol": p.protocol}
                  for p in one.ports],
        "env": [{"name": k, "value": v} for k, v in one.env],
        "envFrom": [{"secretRef": {"name": u.name}} for u in one.uses if u.kind == "Secret"],
        "args": list(one.arguments),
        "resources": {"requests": {k: f"{v:f}" for k, v in one.requests}},
    }  # fmt: skip
    for probe in one.probes:
        found[f"{probe.kind}Probe"] = _probe(probe)
    return found


def _probe(probe: Probe) -> dict[str, object]:
    return {
        HANDLERS[probe.protocol]: {"port": int(probe.port)},
        "initialDelaySeconds": int(probe.delay_seconds), "periodSeconds": int(probe.period_seconds),
        "timeoutSeconds": int(probe.timeout_seconds), "failureThreshold": probe.failures,
    }  # fmt: skip
