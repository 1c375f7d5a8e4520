"""Why containers do not start: images, secrets, ports; and probes that ask the wrong thing."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from agents.findings import Finding
from agents.specialists.cluster_view import IMAGE_REASONS, ClusterView, quote
from telemetry.cluster import ContainerTemplate, Probe
from telemetry.types import ClusterEvent, WorkloadState

PULL = re.compile(r"Failed to pull image|ErrImagePull|ImagePullBackOff|InvalidImageName|"
                  r"couldn't parse image|FailedToRetrieveImagePullSecret", re.I)  # fmt: skip
NO_NAME = re.compile(r"no such host|name resolution|lookup \S+.{0,40}(i/o timeout|misbehaving)|"
                     r"could not resolve|NXDOMAIN", re.I)  # fmt: skip
NO_LOGIN = re.compile(r"failed to authorize|fetch (anonymous|oauth) token|unauthorized|"
                      r"authentication required|no basic auth|pull access denied|"
                      r"insufficient_scope|403 Forbidden", re.I)  # fmt: skip
NO_SECRET = re.compile(r"FailedToRetrieveImagePullSecret|unable to retrieve some image pull secrets",
                       re.I)  # fmt: skip
UNCLEAR = re.compile(r"pull access denied|insufficient_scope|403 Forbidden", re.I)
NOT_THERE = re.compile(r"not found|NotFound|manifest unknown|manifest for|does not exist|no such image|"
                       r"InvalidImageName|ErrImageNeverPull|is not present with pull policy|"
                       r"couldn't parse|invalid reference|no match for platform|"
                       r"no matching manifest|\b404\b", re.I)  # fmt: skip
UNPULLED = {
    "image_not_found": "its registry does not have it",
    "image_unauthorized": "the registry asks for credentials",
    "registry_unresolved": "the registry's name cannot be resolved",
}
# Of two reasons that nobody tells apart; of a probe's that no event tells of.
UNTOLD, UNTOLD_PROBE = 0.6, 0.7
PROBE = re.compile(r"(Liveness|Readiness) probe (failed|errored)", re.I)
OTHER_PROTOCOL = re.compile(r"malformed HTTP|HTTP/1\.x transport connection broken|"
                            r"error reading server preface|not look like a TLS|unimplemented|"
                            r"http2: frame too large|server gave HTTP response|"
                            r"unexpected http status|does not implement", re.I)  # fmt: skip
# A service mesh answers probes on its own ports in a container's stead, and listens on these.
MESH_PORTS = {15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090}
KILLED = re.compile(r"failed liveness probe", re.I)
IMPATIENT_SECONDS = 20.0


def check_startup(view: ClusterView) -> Iterator[Finding]:
    """Explain pods that wait for an image, a secret, a port or a kindly probe."""
    pulled = _registries(view)
    for name, workload in view.unready.items():
        if any(p.reason in IMAGE_REASONS for p in view.pods.get(name, [])):
            yield from _image(view, workload, pulled)
        yield from _references(view, workload)
        yield from _ports(view, workload)
    for name, workload in view.workloads.items():
        restarted = any(p.restarts for p in view.pods.get(name, []))
        if name in view.unready or restarted:
            yield from _probes(view, workload)


def registry_of(image: str) -> str:
    """Return the registry of an image reference; a bare name is of the default one."""
    head, slash, _ = image.partition("/")
    return head if slash and ("." in head or ":" in head or head == "localhost") else "docker.io"


def _registries(view: ClusterView) -> Counter[tuple[str, bool]]:
    """Count ready workloads by registry, and by whether they needed a secret for it."""
    return Counter(
        (registry_of(c.image), bool(w.template and w.template.pull_secrets))
        for name, w in view.workloads.items() if name not in view.unready and w.replicas_desired
        for c in view.containers(w)
    )  # fmt: skip


def _image(view: ClusterView, workload: WorkloadState, pulled: Counter[tuple[str, bool]]
           ) -> Iterator[Finding]:  # fmt: skip
    name = workload.resource.name
    events = view.said(name, PULL)
    telling = [e for e in events if len(e.message) > 40] or events
    text = " ".join(f"{e.reason} {e.message}" for e in telling)
    pods = " ".join(p.message for p in view.pods.get(name, []))
    text = f"{text} {pods}"
    image = next((p.image for p in view.pods.get(name, []) if p.image), workload.image)
    # The reason is the fetch that failed, not the waiting that followed it.
    event = max(telling, key=lambda e: len(e.message), default=None)
    # The default registry's own images, bare names, are for everybody.
    needs_no_login = "/" not in image or pulled[registry_of(image), False] > 0
    reasons = _why_unpulled(view, workload, text, needs_no_login)
    for feature, strength in reasons.items():
        claim = f"The image {image} of {name} cannot be pulled: {UNPULLED[feature]}."
        if len(reasons) > 1:
            claim = f"The image {image} of {name} cannot be pulled, and no event says why."
        yield view.finding(feature, workload.resource, claim, event=event, strength=strength)


def _why_unpulled(
    view: ClusterView, workload: WorkloadState, text: str, needs_no_login: bool
) -> dict[str, float]:
    """Return why an image is not pulled, as features with strengths: several where it is open."""
    if NO_NAME.search(text):
        return {"registry_unresolved": 1.0}
    if NO_SECRET.search(text):
        return {"image_unauthorized": 1.0}
    if NO_LOGIN.search(text) and not (UNCLEAR.search(text) and needs_no_login):
        return {"image_unauthorized": 1.0}
    if NOT_THERE.search(text) or UNCLEAR.search(text):
        return {"image_not_found": 1.0}
    template = workload.template
    secrets = template.pull_secrets if template else ()
    if any(view.details.has("Secret", name) is False for name in secrets):
        return {"image_unauthorized": 0.8}
    return {"image_not_found": UNTOLD, "image_unauthorized": UNTOLD}


def _references(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    if workload.template is None:
        return
    uses = [u for c in workload.template.containers for u in c.uses] + list(workload.template.uses)
    for use in dict.fromkeys(uses):
        if view.details.has(use.kind, use.name) is False and not use.is_optional:
            words = {"Secret": "secret", "ConfigMap": "config map"}[use.kind]
            claim = f"{workload.resource.name} uses the {words} {use.name}, which does not exist."
            yield view.finding("referenced_object_missing", workload.resource, claim)


def _ports(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    containers = view.containers(workload)
    is_meshed = any("istio-proxy" in c.name or "proxyv2" in c.image for c in containers) or any(
        k.startswith(("security.istio.io", "service.istio.io"))
        for p in view.pods.get(workload.resource.name, []) for k, _ in p.labels
    )  # fmt: skip
    seen: dict[int, str] = {}
    for container in containers:
        for port in container.ports:
            other = seen.get(port.number)
            if is_meshed and port.number in MESH_PORTS and "proxy" not in container.name:
                other = "the mesh's sidecar"
            if other and other != container.name:
                claim = (f"In pods of {workload.resource.name} both {other} and {container.name} "
                         f"want port {port.number}.")  # fmt: skip
                yield view.finding("port_taken_twice", workload.resource, claim)
            seen.setdefault(port.number, container.name)
    for container in containers:
        told = set(re.findall(r"(?<!\d)\d{2,5}(?!\d)", " ".join(container.arguments)))
        told |= {v for k, v in container.env if k.upper() in {"PORT", "LISTEN_PORT", "HTTP_PORT"}}
        for number, other in seen.items():
            if (
                str(number) in told
                and other != container.name
                and not any(p.number == number for p in container.ports)
            ):
                claim = (f"In pods of {workload.resource.name} {container.name} is told port "
                         f"{number}, which {other} serves.")  # fmt: skip
                yield view.finding("port_taken_twice", workload.resource, claim, strength=0.8)


def _probes(view: ClusterView, workload: WorkloadState) -> Iterator[Finding]:
    name = workload.resource.name
    for container in view.containers(workload):
        for probe in container.probes:
            if probe.kind not in {"liveness", "readiness"}:
                continue
            failed = [e for e in view.said(name, PROBE)
                      if e.message.lower().startswith(probe.kind) and _concerns(e, probe)]  # fmt: skip
            is_hit = name in view.unready if probe.kind == "readiness" else any(
                p.restarts for p in view.pods.get(name, []))  # fmt: skip
            if is_hit and failed:
                yield from _judge(view, workload, container, probe, failed)
            elif is_hit and view.is_journal_lost:
                yield from _declared(view, workload, container, probe)


def _declared(view: ClusterView, workload: WorkloadState, container: ContainerTemplate, probe: Probe
              ) -> Iterator[Finding]:  # fmt: skip
    """Judge a probe by its declaration alone, where events are not kept any more."""
    feature = verdict_on(probe, container, ())
    if feature and feature != "liveness_impatient":
        claim = (f"The {probe.kind} probe of {workload.resource.name} asks port {probe.port} by "
                 f"{probe.protocol}; its container declares otherwise.")  # fmt: skip
        yield view.finding(feature, workload.resource, claim, strength=UNTOLD_PROBE)


def _concerns(event: ClusterEvent, probe: Probe) -> bool:
    """Whether a failure is of this probe, by the port where the message tells one."""
    asked = re.findall(r"(?<=\d|\])?:(\d{2,5})\b", event.message)
    is_mesh = any(int(port) in MESH_PORTS for port in asked)
    return not asked or is_mesh or probe.port in asked or not probe.port.isdigit()


def _judge(view: ClusterView, workload: WorkloadState, container: ContainerTemplate, probe: Probe,
           failed: Sequence[ClusterEvent]) -> Iterator[Finding]:  # fmt: skip
    name = workload.resource.name
    event = failed[-1]
    feature = verdict_on(probe, container, [e.message for e in failed])
    if not feature:
        return
    wanted = ", ".join(str(p.number) for p in container.ports) or "no port"
    words = {
        "port": f"asks port {probe.port}, and the container serves {wanted}",
        "protocol": f"speaks {probe.protocol} to port {probe.port}, which answers otherwise",
        "impatient": f"waits {probe.delay_seconds:g} s, then {probe.failures} times "
                     f"{probe.period_seconds:g} s with {probe.timeout_seconds:g} s for each answer",
    }  # fmt: skip
    kind = feature.split("_")[1]
    claim = f"The {probe.kind} probe of {name} {words[kind]}: {quote(event, 120)}."
    strength = 1.0
    if kind == "impatient":
        if not is_hasty(probe, container) and not any(
            KILLED.search(e.message) for e in view.notes.get(name, [])
        ):
            return  # Slow or down for a reason of its own, and nobody killed it for that.
        strength = 0.8 if is_hasty(probe, container) else 0.5
    yield view.finding(feature, workload.resource, claim, event=event, strength=strength)


def verdict_on(probe: Probe, container: ContainerTemplate, messages: Sequence[str]) -> str:
    """Return what is wrong with a probe that fails, as a feature; empty if nothing shows."""
    served = {str(p.number) for p in container.ports} | {p.name for p in container.ports if p.name}
    served |= {v for k, v in container.env if k.upper() == "PORT"}
    if probe.port and served and probe.port not in served:
        return f"{probe.kind}_port_wrong"
    others = {p.protocol for p in container.probes if p.kind != probe.kind and p.port == probe.port}
    is_other = any(OTHER_PROTOCOL.search(m) for m in messages)
    named = {p.name.lower() for p in container.ports if str(p.number) == probe.port}
    speaks_grpc = "grpc" in others or any("grpc" in n for n in named)
    speaks_http = "http" in others or any("http" in n for n in named)
    if is_other or (probe.protocol == "http" and speaks_grpc) or (
        probe.protocol == "grpc" and speaks_http and not speaks_grpc
    ):  # fmt: skip
        return f"{probe.kind}_protocol_wrong"
    return "liveness_impatient" if probe.kind == "liveness" else ""


def is_hasty(probe: Probe, container: ContainerTemplate) -> bool:
    """Whether a probe gives up sooner than is usual, or than its container's readiness probe."""
    patience = probe.delay_seconds + probe.failures * probe.period_seconds
    siblings = [p for p in container.probes if p.kind == "readiness"]
    is_hastier = any(
        p.delay_seconds > probe.delay_seconds or p.timeout_seconds > probe.timeout_seconds
        or p.failures > probe.failures or p.period_seconds > probe.period_seconds
        for p in siblings
    )  # fmt: skip
    return patience <= IMPATIENT_SECONDS or probe.failures <= 1 or is_hastier
