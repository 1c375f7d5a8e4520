"""Which open incident an alert belongs to: near in the topology and near in time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, Subquery

from investigations.enums import EntryKind, IncidentState
from investigations.models import Alert, BoardEntry, Incident, Investigation, ServiceDependency

NEAR_HOPS = 2
NEAR_TIME = timedelta(minutes=15)
GROUPING_LOCK = 0x5E_6809
CANDIDATE_LIMIT = 200
OPEN_STATES = (IncidentState.OPEN, IncidentState.MITIGATED)
_LATEST = Max("alerts__starts_at")
_ALERTING = ArrayAgg("alerts__resource", distinct=True, default=[], filter=Q(alerts__isnull=False))


@dataclass(slots=True)
class Group:
    """An open incident as alerts are matched to it, or one that is about to be opened.

    ``resources`` are those that make an alert near: what alerts in it, and its own. ``alerting``
    are those that have had an alert. ``incident`` and ``investigation_id`` are None until opened.
    """

    environment: str
    state: str
    resources: set[str]
    alerting: set[str]
    latest: datetime
    incident: Incident | None = None
    investigation_id: int | None = None

    def add(self, resource: str, at: datetime) -> None:
        """Count an alert in."""
        self.resources.add(resource)
        self.alerting.add(resource)
        self.latest = max(self.latest, at)


@dataclass(slots=True)
class Surroundings:
    """The part of the topology around some resources."""

    _ends: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _called: set[str] = field(default_factory=set)

    def neighbourhood(self, resource: str, *, hops: int = NEAR_HOPS) -> set[str]:
        """Return the resources within some hops of one, itself included."""
        reached = frontier = {resource}
        for _ in range(hops):
            frontier = {end for key in frontier for end in self._ends.get(key, ())} - reached
            reached = reached | frontier
        return reached

    def is_user_facing(self, resource: str) -> bool:
        """Whether the topology knows the resource and nothing in it calls the resource."""
        return resource in self._ends and resource not in self._called

    def add(self, edges: Iterable[tuple[str, str]]) -> set[str]:
        """Take edges in. Returns their ends."""
        ends = set()
        for caller, callee in edges:
            self._ends[caller].add(callee)
            self._ends[callee].add(caller)
            self._called.add(callee)
            ends |= {caller, callee}
        return ends


def lock_grouping() -> None:
    """Serialise grouping decisions until the transaction ends, so that a storm opens one incident."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GROUPING_LOCK])


def read_surroundings(resources: set[str]) -> Surroundings:
    """Read the topology within two hops of resources. Two queries, however many they are."""
    found = Surroundings()
    reached, frontier = set(resources), set(resources)
    for _ in range(NEAR_HOPS if resources else 0):
        edges = ServiceDependency.objects.filter(Q(caller__in=frontier) | Q(callee__in=frontier))
        frontier = found.add(edges.values_list("caller", "callee")) - reached
        if not frontier:
            break
        reached |= frontier
    return found


def read_groups(near: set[str], environments: set[str]) -> list[Group]:
    """Return the open incidents that alert in or near resources. Two queries.

    Not those in which an action was seen to help: whatever fires after it is another incident.
    What was merged into an incident makes that one alert where it does.
    """
    alerting = Alert.objects.filter(incident=OuterRef("pk"), resource__in=near)
    here = Incident.objects.filter(Exists(alerting) | Q(resource__in=near))
    merged = list(
        here.filter(state=IncidentState.MERGED, merged_into__state__in=OPEN_STATES)
        .annotate(latest=_LATEST, alerting=_ALERTING).order_by("-pk")[:CANDIDATE_LIMIT]
    )  # fmt: skip
    groups = _groups(
        Q(Exists(alerting) | Q(resource__in=near)) | Q(pk__in=[m.merged_into_id for m in merged]),
        environments,
    )  # fmt: skip
    for row in merged:
        group = groups.get(row.merged_into_id or 0)
        if group is not None:
            group.resources |= {row.resource, *row.alerting}
            group.alerting |= set(row.alerting)
            group.latest = max(group.latest, row.latest or row.started_at)
    return list(groups.values())


def _groups(wanted: Q, environments: set[str]) -> dict[int, Group]:
    fixed = BoardEntry.objects.filter(
        investigation__incident=OuterRef("pk"), kind=EntryKind.ACTION, data__state="succeeded"
    )
    newest = Investigation.objects.filter(incident=OuterRef("pk")).order_by("-pk")
    rows = Incident.objects.filter(
        wanted, ~Exists(fixed), environment__in=environments, state__in=OPEN_STATES
    ).annotate(
        latest=_LATEST, alerting=_ALERTING, investigation_id=Subquery(newest.values("pk")[:1])
    )[:CANDIDATE_LIMIT]
    return {
        row.pk: Group(
            environment=row.environment, state=row.state,
            resources={row.resource, *row.alerting}, alerting=set(row.alerting),
            latest=row.latest or row.started_at, incident=row,
            investigation_id=row.investigation_id,
        )
        for row in rows
    }  # fmt: skip


def choose_group(
    groups: list[Group], *, resource: str, near: set[str], starts_at: datetime, environment: str
) -> Group | None:
    """Return the incident that an alert joins, or None.

    It joins when its resource is within two hops (``near``) of a resource that alerts in the
    incident, and it began within 15 minutes of the incident's latest alert. The nearest in time
    wins. One that is mitigated takes only what alerted in it before: what a neighbour has after
    that is another one.
    """
    best: tuple[timedelta, Group] | None = None
    for group in groups:
        if group.environment != environment:
            continue
        wanted = {resource} if group.state == IncidentState.MITIGATED else near
        distance = abs(starts_at - group.latest)
        if wanted & group.resources and distance <= NEAR_TIME and (
            best is None or distance < best[0]
        ):  # fmt: skip
            best = (distance, group)
    return best[1] if best else None


def is_user_facing(resource: str) -> bool:
    """Whether the topology knows the resource and nothing in it calls the resource. One query."""
    edges = ServiceDependency.objects.filter(Q(caller=resource) | Q(callee=resource))
    pairs = edges.values_list("caller", "callee")[:500]
    return bool(pairs) and all(callee != resource for _, callee in pairs)
