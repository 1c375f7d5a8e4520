"""Services with their health, edges, changes and past incidents."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from investigations.enums import OVER_STATES
from investigations.errors import NotFound
from investigations.models import (
    Diagnosis,
    Incident,
    Service,
    ServiceChange,
    ServiceDependency,
    ServiceReading,
)
from investigations.rules import AnyUser, can_view

MAX_SERVICES = 500
MAX_EDGES = 3000
MAX_OPEN = 200
CHANGES = 20
# Edges that no source has seen for longer are no longer drawn.
EDGE_AGE = timedelta(days=7)
READING_AGE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """How a service stands, by what is stored: the worst fact first.

    ``state``: ``incident`` (its symptom is open), ``cause`` (an open incident's likely cause),
    ``unusual`` (a fresh reading is outside its usual range), ``usual``, or ``unknown`` (no fresh
    reading). It never says healthy: nobody can.
    """

    state: str
    incidents: tuple[Incident, ...] = ()
    unusual: tuple[ServiceReading, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Landscape:
    """All services, who calls whom by key, and each one's health."""

    services: tuple[Service, ...]
    edges: tuple[tuple[str, str], ...]
    health: dict[str, Health]
    seen_at: datetime | None


def landscape(now: datetime) -> Landscape:
    """Return every known service with its health. Five queries, whatever their number."""
    services = tuple(Service.objects.order_by("-seen_at", "name")[:MAX_SERVICES])
    edges = ServiceDependency.objects.filter(seen_at__gt=now - EDGE_AGE)
    pairs = edges.values_list("caller", "callee").distinct().order_by("caller", "callee")
    return Landscape(
        services=services, edges=tuple(pairs[:MAX_EDGES]), health=_health(services, now),
        seen_at=max((s.seen_at for s in services), default=None),
    )  # fmt: skip


def _health(services: tuple[Service, ...], now: datetime) -> dict[str, Health]:
    hurt, blamed = _open_incidents()
    readings: dict[int, list[ServiceReading]] = {}
    fresh = ServiceReading.objects.filter(service__in=services, read_at__gt=now - READING_AGE)
    for reading in fresh.defer("points", "query"):
        readings.setdefault(reading.service_id, []).append(reading)
    return {s.key: _judge(s.key, hurt, blamed, readings.get(s.pk, [])) for s in services}


def _open_incidents() -> tuple[dict[str, list[Incident]], dict[str, list[Incident]]]:
    rows = list(Incident.objects.exclude(state__in=OVER_STATES).order_by("-pk")[:MAX_OPEN])
    hurt: dict[str, list[Incident]] = {}
    for incident in rows:
        hurt.setdefault(incident.resource, []).append(incident)
    newest: dict[int, Diagnosis] = {}
    found = Diagnosis.objects.filter(investigation__incident__in=rows).select_related(
        "investigation"
    )
    for diagnosis in found.only("resource", "investigation__incident_id").order_by("pk"):
        newest[diagnosis.investigation.incident_id] = diagnosis
    blamed: dict[str, list[Incident]] = {}
    for incident in rows:
        suspect = newest.get(incident.pk)
        if suspect is not None and suspect.resource:
            blamed.setdefault(suspect.resource, []).append(incident)
    return hurt, blamed


def _judge(
    key: str, hurt: dict[str, list[Incident]], blamed: dict[str, list[Incident]],
    readings: list[ServiceReading],
) -> Health:  # fmt: skip
    unusual = tuple(r for r in readings if is_unusual(r))
    read_at = max((r.read_at for r in readings), default=None)
    incidents = hurt.get(key) or blamed.get(key) or []
    state = (
        "incident" if key in hurt else "cause" if key in blamed else "unusual" if unusual
        else "usual" if readings else "unknown"
    )  # fmt: skip
    return Health(state, tuple(incidents), unusual, read_at)


def is_unusual(reading: ServiceReading) -> bool:
    """Whether the value is outside its usual range by more than a quarter of its width.

    A width of nothing is widened to a twentieth of the level, so that noise in the last digit of a
    flat series is no news.
    """
    low, high = reading.usual_low, reading.usual_high
    if low is None or high is None:
        return False
    room = max(0.25 * (high - low), 0.05 * max(abs(low), abs(high)), 1e-9)
    return not low - room <= reading.value <= high + room


def dependents_of(key: str, *, now: datetime) -> int:
    """Return how many services call one, directly or through others, as last learned. One query."""
    edges = ServiceDependency.objects.filter(seen_at__gt=now - EDGE_AGE)
    callers: dict[str, set[str]] = {}
    for caller, callee in edges.values_list("caller", "callee")[:MAX_EDGES]:
        callers.setdefault(callee, set()).add(caller)
    reached, frontier = {key}, {key}
    while frontier:
        frontier = {c for at in frontier for c in callers.get(at, ())} - reached
        reached |= frontier
    return len(reached) - 1


def known_services(*, now: datetime) -> int:
    """Return how many resources the topology knows. One query."""
    edges = ServiceDependency.objects.filter(seen_at__gt=now - EDGE_AGE)
    return len({end for pair in edges.values_list("caller", "callee")[:MAX_EDGES] for end in pair})


def tiers_of(keys: Iterable[str]) -> dict[str, str]:
    """Return how much each of these services matters, where people said so. One query."""
    rows = Service.objects.filter(key__in=set(keys)).exclude(tier="")
    return dict(rows.values_list("key", "tier"))


def doubt_service(key: str) -> str:
    """Return why a service's key may be a typing error, as a sentence; empty if it is known.

    Where no service is known at all, and for other kinds of resources, nothing can be doubted. Two
    queries at most.
    """
    kind, _, name = key.partition("/")
    if kind != "service" or Service.objects.filter(key=key).exists():
        return ""
    known = list(Service.objects.values_list("key", flat=True)[:MAX_SERVICES])
    if not known:
        return ""
    names = {row.removeprefix("service/"): row.rpartition("/")[2] for row in known}
    like = difflib.get_close_matches(name, set(names.values()), n=3)
    near = [shown for shown, bare in names.items() if bare in like][:3]
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"No service of that name is known here: {name}.{meant}"


def access_service(user: AnyUser, slug: str) -> Service:
    """Return a service that the person may see.

    Raises:
        NotFound: There is none, or the person may not see it.
    """
    found = Service.objects.filter(slug=slug).first() if can_view(user) else None
    if found is None:
        raise NotFound("There is no such service.")
    return found


def readings_of(service: Service) -> list[ServiceReading]:
    """Return the last reading of each of its series."""
    return list(service.readings.all())


def changes_of(service: Service) -> list[ServiceChange]:
    """Return its newest changes."""
    return list(service.changes.all()[:CHANGES])
