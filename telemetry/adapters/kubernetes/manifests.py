"""Kubernetes objects as declared (JSON or YAML) to value types: templates, services, volumes."""

from collections.abc import Iterable, Mapping
from typing import Any

from telemetry.adapters.kubernetes.quantities import amount
from telemetry.cluster import (
    Amounts,
    ClaimState,
    ContainerPort,
    ContainerTemplate,
    LabelRule,
    ObjectUse,
    Pairs,
    PodTemplate,
    PodTerm,
    Probe,
    QuotaUse,
    ServicePort,
    ServiceState,
    Toleration,
    VolumeState,
)

Json = dict[str, Any]
# Settings of a configuration object by (kind, name).
Contents = Mapping[tuple[str, str], Pairs]
PROBES = {"livenessProbe": "liveness", "readinessProbe": "readiness", "startupProbe": "startup"}
HANDLERS = {"httpGet": "http", "grpc": "grpc", "tcpSocket": "tcp", "exec": "exec"}
MODES = {
    "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}  # fmt: skip


def dig(item: object, *path: str) -> Json:
    """Return a nested object, or an empty one."""
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item if isinstance(item, dict) else {}


def each(item: object, name: str) -> list[Json]:
    """Return a nested list of objects, or an empty one."""
    found = item.get(name) if isinstance(item, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def pairs(item: Mapping[str, object]) -> Pairs:
    """Return a mapping as sorted pairs of text."""
    return tuple(sorted((str(k), "" if v is None else str(v)) for k, v in item.items()))


def amounts(item: Mapping[str, object]) -> Amounts:
    """Return a mapping of quantities as sorted pairs; what is no quantity is left out."""
    found = [(str(k), amount(v)) for k, v in item.items()]
    return tuple(sorted((k, v) for k, v in found if v is not None))


def template_of(workload: Json, contents: Contents | None = None) -> PodTemplate:
    """Read the pod template of a Deployment, StatefulSet, DaemonSet or ReplicaSet."""
    template = dig(workload, "spec", "template")
    spec = dig(template, "spec")
    affinity = dig(spec, "affinity")
    volumes = each(spec, "volumes")
    claims = tuple(str(dig(v, "persistentVolumeClaim").get("claimName", "")) for v in volumes
                   if dig(v, "persistentVolumeClaim"))  # fmt: skip
    return PodTemplate(
        labels=pairs(dig(template, "metadata", "labels")),
        containers=tuple(_container(c, contents or {}) for c in each(spec, "containers")),
        service_account=str(spec.get("serviceAccountName") or spec.get("serviceAccount") or ""),
        node_selector=pairs(dig(spec, "nodeSelector")),
        node_affinity=_node_terms(affinity),
        pod_affinity=_pod_terms(dig(affinity, "podAffinity")),
        pod_anti_affinity=_pod_terms(dig(affinity, "podAntiAffinity")),
        tolerations=tuple(
            Toleration(str(t.get("key", "")), str(t.get("operator", "Equal")),
                       str(t.get("value", "")), str(t.get("effect") or ""))
            for t in each(spec, "tolerations")
        ),
        pull_secrets=tuple(str(s.get("name", "")) for s in each(spec, "imagePullSecrets")),
        claims=claims,
        uses=tuple(_volume_uses(volumes)),
        dns_policy=str(spec.get("dnsPolicy") or ""),
        nameservers=tuple(str(n) for n in dig(spec, "dnsConfig").get("nameservers") or ()),
    )  # fmt: skip


def _volume_uses(volumes: Iterable[Json]) -> Iterable[ObjectUse]:
    for volume in volumes:
        for key, kind, field in (
            ("secret", "Secret", "secretName"),
            ("configMap", "ConfigMap", "name"),
        ):
            found = dig(volume, key)
            if found.get(field):
                yield ObjectUse(kind, str(found[field]), bool(found.get("optional")))


def _container(item: Json, contents: Contents) -> ContainerTemplate:
    uses: list[ObjectUse] = []
    env: dict[str, str] = {}
    for source in each(item, "envFrom"):
        for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            ref = dig(source, key)
            if ref.get("name"):
                uses.append(ObjectUse(kind, str(ref["name"]), bool(ref.get("optional"))))
                env.update(contents.get((kind, str(ref["name"])), ()))
    for row in each(item, "env"):
        name = str(row.get("name", ""))
        if "value" in row:
            env[name] = str(row["value"])
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            ref = dig(row, "valueFrom", key)
            if ref.get("name"):
                uses.append(ObjectUse(kind, str(ref["name"]), bool(ref.get("optional"))))
                known = dict(contents.get((kind, str(ref["name"])), ()))
                if ref.get("key") in known:
                    env[name] = known[str(ref["key"])]
    return ContainerTemplate(
        name=str(item.get("name", "")),
        image=str(item.get("image", "")),
        ports=tuple(
            ContainerPort(int(p.get("containerPort") or 0), str(p.get("name") or ""),
                          str(p.get("protocol") or "TCP"))
            for p in each(item, "ports")
        ),
        probes=tuple(_probe(kind, dig(item, key)) for key, kind in PROBES.items() if dig(item, key)),
        env=tuple(sorted(env.items())),
        uses=tuple(dict.fromkeys(uses)),
        requests=amounts(dig(item, "resources", "requests")),
        limits=amounts(dig(item, "resources", "limits")),
        arguments=tuple(str(a) for key in ("command", "args") for a in item.get(key) or ()),
    )  # fmt: skip


def _probe(kind: str, item: Json) -> Probe:
    handler = next((h for h in HANDLERS if h in item), "exec")
    return Probe(
        kind=kind,
        protocol=HANDLERS[handler],
        port=str(dig(item, handler).get("port", "")),
        delay_seconds=float(item.get("initialDelaySeconds") or 0),
        timeout_seconds=float(item.get("timeoutSeconds") or 1),
        period_seconds=float(item.get("periodSeconds") or 10),
        failures=int(item.get("failureThreshold") or 3),
    )


def _rules(item: Json) -> tuple[LabelRule, ...]:
    equal = [LabelRule(k, "In", (v,)) for k, v in pairs(dig(item, "matchLabels"))]
    rest = [
        LabelRule(str(e.get("key", "")), str(e.get("operator", "In")),
                  tuple(str(v) for v in e.get("values") or ()))
        for e in each(item, "matchExpressions")
    ]  # fmt: skip
    return tuple(equal + rest)


def _node_terms(affinity: Json) -> tuple[tuple[LabelRule, ...], ...]:
    needed = dig(affinity, "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return tuple(_rules(term) for term in each(needed, "nodeSelectorTerms"))


def _pod_terms(affinity: Json) -> tuple[PodTerm, ...]:
    return tuple(
        PodTerm(str(t.get("topologyKey", "")), _rules(dig(t, "labelSelector")))
        for t in each(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
    )


def service_of(item: Json) -> ServiceState:
    """Read a Service; its addresses come from Endpoints."""
    spec, about = dig(item, "spec"), dig(item, "metadata")
    return ServiceState(
        name=str(about.get("name", "")),
        namespace=str(about.get("namespace", "")),
        selector=pairs(dig(spec, "selector")),
        ports=tuple(
            ServicePort(int(p.get("port") or 0), str(p.get("targetPort") or p.get("port") or ""),
                        str(p.get("name") or ""), str(p.get("protocol") or "TCP"),
                        str(p.get("appProtocol") or ""))
            for p in each(spec, "ports")
        ),
        cluster_ip=str(spec.get("clusterIP") or ""),
        has_endpoints=False,
    )  # fmt: skip


def claim_of(item: Json) -> ClaimState:
    """Read a PersistentVolumeClaim."""
    spec = dig(item, "spec")
    name = spec.get("storageClassName")
    wanted = amount(dig(spec, "resources", "requests").get("storage", 0))
    return ClaimState(
        name=str(dig(item, "metadata").get("name", "")),
        phase=str(dig(item, "status").get("phase", "")),
        storage_class=None if name is None else str(name),
        access_modes=tuple(MODES.get(str(m), str(m)) for m in spec.get("accessModes") or ()),
        requested_bytes=wanted or 0.0,
        labels=tuple((r.key, ",".join(r.values)) for r in _rules(dig(spec, "selector"))),
        volume=str(spec.get("volumeName") or ""),
    )


def volume_of(item: Json) -> VolumeState:
    """Read a PersistentVolume."""
    spec = dig(item, "spec")
    claim = dig(spec, "claimRef")
    holder = f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""
    return VolumeState(
        name=str(dig(item, "metadata").get("name", "")),
        phase=str(dig(item, "status").get("phase", "")),
        storage_class=str(spec.get("storageClassName") or ""),
        access_modes=tuple(MODES.get(str(m), str(m)) for m in spec.get("accessModes") or ()),
        capacity_bytes=amount(dig(spec, "capacity").get("storage", 0)) or 0.0,
        labels=pairs(dig(item, "metadata", "labels")),
        claim=holder,
    )


def quotas_of(item: Json) -> tuple[QuotaUse, ...]:
    """Read a ResourceQuota, a row per resource it limits."""
    about, status = dig(item, "metadata"), dig(item, "status")
    used = dict(amounts(dig(status, "used")))
    hard = dict(amounts(dig(status, "hard")))
    return tuple(
        QuotaUse(str(about.get("name", "")), str(about.get("namespace", "")), resource,
                 used.get(resource, 0.0), limit)
        for resource, limit in hard.items()
    )  # fmt: skip
