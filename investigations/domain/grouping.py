"""Which open incident an alert belongs to: near in the topology and near in time."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q

from investigations.enums import EntryKind, IncidentState
from investigations.models import Alert, BoardEntry, Incident, ServiceDependency

NEAR_HOPS = 2
NEAR_TIME = timedelta(minutes=15)
GROUPING_LOCK = 0x5E_6809
CANDIDATE_LIMIT = 200


def lock_grouping() -> None:
    """Serialise grouping decisions until the transaction ends, so that a storm opens one incident."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GROUPING_LOCK])


def neighbourhood(resource: str, *, hops: int = NEAR_HOPS) -> set[str]:
    """Return the resources within some hops of one, itself included. One query per hop."""
    reached = {resource}
    frontier = {resource}
    for _ in range(hops):
        edges = ServiceDependency.objects.filter(
            Q(caller__in=frontier) | Q(callee__in=frontier)
        ).values_list("caller", "callee")
        frontier = {end for edge in edges for end in edge} - reached
        if not frontier:
            break
        reached |= frontier
    return reached


def find_incident(*, resource: str, starts_at: datetime, environment: str) -> Incident | None:
    """Return the open incident that an alert joins, or None.

    It joins when its resource is within two hops of a resource that alerts in the incident, and it
    began within 15 minutes of the incident's latest alert. The nearest in time wins. One that is
    mitigated takes only what alerted in it before: what a neighbour has after that is another one.
    So is whatever fires after an action was seen to help.
    """
    near = neighbourhood(resource)
    is_near = Q(alerts__resource__in=near) | Q(resource__in=near)
    is_same = Q(alerts__resource=resource) | Q(resource=resource)
    fixed = BoardEntry.objects.filter(
        investigation__incident=OuterRef("pk"), kind=EntryKind.ACTION, data__state="succeeded"
    )
    candidates = (
        Incident.objects.filter(~Exists(fixed), environment=environment)
        .filter(
            (Q(state=IncidentState.OPEN) & is_near) | (Q(state=IncidentState.MITIGATED) & is_same)
        )
        .annotate(latest=Max("alerts__starts_at"))
        .distinct()[:CANDIDATE_LIMIT]
    )
    best: tuple[timedelta, Incident] | None = None
    for incident in candidates:
        distance = abs(starts_at - (incident.latest or incident.started_at))
        if distance <= NEAR_TIME and (best is None or distance < best[0]):
            best = (distance, incident)
    return best[1] if best else None


def is_user_facing(resource: str) -> bool:
    """Whether the topology knows the resource and nothing in it calls the resource."""
    edges = ServiceDependency.objects.filter(Q(caller=resource) | Q(callee=resource))
    pairs = edges.values_list("caller", "callee")[:500]
    return bool(pairs) and all(callee != resource for _, callee in pairs)


def alerting_resources(incident: Incident) -> int:
    """Return how many resources have had an alert in the incident."""
    return Alert.objects.filter(incident=incident).values("resource").distinct().count()
