"""What alerts tell of single requests: which path was answered how."""

from collections.abc import Iterator

from agents.enums import AgentName, Presence
from agents.findings import Finding
from agents.specialists.cluster_routes import is_gateway
from agents.specialists.cluster_view import ClusterView
from agents.specialists.reader import Reader
from telemetry.redaction import redact
from telemetry.types import AlertFiring, ResourceRef, TelemetryKind

# "Not found" and "method not allowed": whoever answered does not know the path.
NOT_FOUND = {"404", "405"}


def check_refusals(reader: Reader) -> Iterator[Finding]:
    """Blame the gateway where requests for a service that is well are answered "not found".

    Then something else than that service answered them: a route leads elsewhere.
    """
    if reader.agent is not AgentName.NETWORK:
        return
    answer = reader.case.sources.alerts.alerts(reader.whole)
    firing = [a for a in answer.data if a.labels.get("status") in NOT_FOUND]
    if not firing:
        return
    view = ClusterView(reader, reader.cluster().data)
    seen: set[ResourceRef] = set()
    for alert in firing:
        gateway = _gateway(reader, view, alert)
        if gateway is None or gateway in seen:
            continue
        seen.add(gateway)
        path = alert.labels.get("path", "")
        claim = (f"Requests for {path or alert.resource.name} are answered {alert.labels['status']} "
                 f"although {alert.resource.name} is ready: {redact(alert.summary, limit=120)}.")  # fmt: skip
        yield Finding(
            agent=reader.agent, feature="requests_not_found", resource=gateway,
            presence=Presence.PRESENT, kind=TelemetryKind.METRIC, claim=claim,
            provenance=answer.provenance, peer=alert.resource, onset_at=None, is_tainted=True,
        )  # fmt: skip


def _gateway(reader: Reader, view: ClusterView, alert: AlertFiring) -> ResourceRef | None:
    """Return what leads to a service that is well: the gateway before it, None if it is not well."""
    name = alert.resource.name
    if name in view.unready or name not in view.workloads:
        return None
    if any(not t.is_open for t in view.details.tests if t.service == name):
        return None
    graph, target = reader.case.graph, view.workloads[name].resource
    before = {target, *graph.callers(target)}
    for _ in range(3):
        before |= {c for r in before for c in graph.callers(r)}
    fronts = sorted(r for r in before if is_gateway(r.name))
    entries = sorted(r for r in before if not graph.callers(r))
    return next(iter(fronts or entries), None)
