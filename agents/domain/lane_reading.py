"""The lanes of the timeline go on when the agents have looked: nobody should read old curves.

Read on while somebody looks at the incident, while an action is carried out or verified, and for a
short while after the incident was mitigated and resolved, so that the record shows the recovery.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents.domain.casework import Casework, open_case
from agents.domain.lanes import extended
from agents.enums import WorkState
from agents.jobs import enqueue_lanes
from agents.models import WorkItem
from agents.specialists.metric_findings import share_of
from investigations.domain.board import write_lanes
from investigations.domain.clock import database_now
from investigations.enums import (
    BoardEventKind,
    EntryKind,
    IncidentOrigin,
    IncidentState,
    InvestigationState,
)
from investigations.models import BoardEvent, Incident, Investigation
from telemetry.types import Series, SeriesRef, TimeWindow

RUN_OVER = (InvestigationState.CONCLUDED, InvestigationState.STOPPED, InvestigationState.FAILED)
GOES_ON = (IncidentState.OPEN, IncidentState.MITIGATED)
UNDER_WAY = ("running", "unknown", "verifying", "undoing")
# A room says every ten seconds that somebody looks at it.
LOOKED_WITHIN = timedelta(seconds=30)
AFTER_MENDING = timedelta(minutes=3)
TOLD_WITHIN = timedelta(minutes=15)
SHORTEST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
# A new incident's first evidence goes before the curves of one that is only watched.
BEHIND_AGENTS = timedelta(seconds=15)
# Sooner than that, a step is too small to be seen on an axis that shows all of it.
SHARE_OF_AGE = 60
# Longer after the last look the picture would be mostly what nobody watched.
LONGEST_GAP = timedelta(hours=6)
MAX_POINTS = 60
LIMIT = 100
MAX_KEPT = 64
Place = tuple[str, str, str]
_kept: "OrderedDict[int, dict[Place, SeriesRef | None]]" = OrderedDict()
_lock = threading.Lock()


def ask_for_lanes() -> int:
    """Ask for one reading of every incident whose lanes should go on. Returns of how many.

    Idempotent within a pause: what is asked for is claimed in the row. While agents work, who does
    not wait for an action's effect waits a little longer. Costs four queries when there is nothing
    to do.
    """
    now = database_now()
    acted_on, mended = _first(_under_way()), _first(_mended(now))
    wanted = acted_on | mended | _first(_looked_at(now))
    if not wanted:
        return 0
    behind = BEHIND_AGENTS if _agents_at_work(now) else timedelta(0)
    asked = 0
    for row in Investigation.objects.filter(pk__in=wanted).select_related("incident"):
        is_short = row.pk in acted_on or row.pk in mended
        pause = SHORTEST_PAUSE if is_short else pause_of(now - row.incident.started_at)
        asked += _ask(row, now, pause if row.pk in acted_on else pause + behind)
    return asked


def _agents_at_work(now: datetime) -> bool:
    """Whether a step of the agents is under way anywhere: it shares these workers."""
    return WorkItem.objects.filter(state=WorkState.LEASED, lease_until__gt=now).exists()


def _runs() -> QuerySet[Investigation]:
    """Runs that are over: a round that goes on looks for itself. A pause of the agents holds."""
    return Investigation.objects.filter(state__in=RUN_OVER, paused_at__isnull=True)


def _under_way() -> QuerySet[Investigation]:
    return _runs().filter(
        incident__state__in=GOES_ON, entries__kind=EntryKind.ACTION,
        entries__data__state__in=UNDER_WAY,
    )  # fmt: skip


def _mended(now: datetime) -> QuerySet[Investigation]:
    since = now - AFTER_MENDING
    # An alert's end may be told minutes after it.
    told = BoardEvent.objects.filter(
        investigation=OuterRef("pk"), kind=BoardEventKind.INCIDENT_CHANGED, at__gt=since
    )
    # What is measured once the next one began is no recovery of this one; a practice ends its world.
    later = Incident.objects.filter(
        opened_at__gt=OuterRef("incident__resolved_at"), merged_into=None,
        environment=OuterRef("incident__environment"), resource=OuterRef("incident__resource"),
    )  # fmt: skip
    is_over = Q(incident__resolved_at__gt=since) & ~Q(incident__origin=IncidentOrigin.PRACTICE)
    return _runs().filter(
        Q(incident__state=IncidentState.MITIGATED, incident__mitigated_at__gt=since - TOLD_WITHIN)
        & Exists(told)
        | is_over & ~Exists(later)
    )


def _looked_at(now: datetime) -> QuerySet[Investigation]:
    return _runs().filter(
        incident__state__in=GOES_ON, incident__visits__seen_at__gt=now - LOOKED_WITHIN
    )


def _first(rows: QuerySet[Investigation]) -> set[int]:
    return set(rows.values_list("pk", flat=True)[:LIMIT])


def pause_of(age: timedelta) -> timedelta:
    """Return how long to wait between two readings of an incident that is so old."""
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, age / SHARE_OF_AGE))


def _ask(row: Investigation, now: datetime, pause: timedelta) -> bool:
    if row.telemetry.get("kind") == "recorded" or now - row.seen_until > LONGEST_GAP:
        return False
    is_due = Q(lanes_read_at__isnull=True) | Q(lanes_read_at__lte=now - pause)
    if not Investigation.objects.filter(is_due, pk=row.pk).update(lanes_read_at=now):
        return False
    enqueue_lanes(row.pk)
    return True


def read_lanes(investigation_id: int) -> int:
    """Read the timeline's series from where they end up to now. Returns how many lanes went on.

    Idempotent: what somebody else has read meanwhile is left alone, and so is a round that runs. A
    source that does not answer leaves all as it is: each lane says up to when it is true.
    """
    investigation = Investigation.objects.select_related("incident").get(pk=investigation_id)
    now, looked = database_now(), investigation.seen_until
    if not investigation.is_over or not looked < now <= looked + LONGEST_GAP:
        return 0
    found = _read(investigation, TimeWindow(looked, now))
    fresh = {_place(series.ref): series for series in found}

    def longer(data: dict[str, object]) -> dict[str, object] | None:
        parts = [fresh[place] for place in _places_of(data) if place in fresh]
        if len(parts) < len(_places_of(data)):
            return None
        return extended(data, share_of(*parts) if len(parts) > 1 else parts[0])

    return write_lanes(investigation_id, longer, read_from=looked, until=now) if found else 0


def _read(investigation: Investigation, window: TimeWindow) -> list[Series]:
    lanes = investigation.entries.filter(kind=EntryKind.LANE).values_list("data", flat=True)
    wanted = {place for data in lanes for place in _places_of(data)}
    if not wanted:
        return []
    work = open_case(investigation)
    refs = _refs(work, wanted)
    step = max(work.case.step_seconds, window.duration.total_seconds() / MAX_POINTS)
    metrics = work.case.sources.metrics
    return list(metrics.read(refs, window, step_seconds=step).data) if refs else []


def _refs(work: Casework, wanted: set[Place]) -> list[SeriesRef]:
    """Return the series behind lanes. The catalogue is asked once per process for the same lanes."""
    key = work.investigation.pk
    with _lock:
        known = _kept.get(key, {})
    if not wanted <= known.keys():
        names = {name for _, name, _ in wanted}
        resources = [r for r in work.case.graph.resources if r.name in names]
        answer = work.case.sources.metrics.catalogue(resources, work.case.window)
        if not answer.is_answer:
            return []
        by_place = {_place(ref): ref for ref in answer.data}
        known = {place: by_place.get(place) for place in wanted}
        with _lock:
            _kept[key] = known
            while len(_kept) > MAX_KEPT:
                _kept.popitem(last=False)
    return [ref for place, ref in known.items() if ref is not None and place in wanted]


def _place(ref: SeriesRef) -> Place:
    return ref.name, ref.resource.name, ref.peer.name if ref.peer else ""


def _places_of(data: dict[str, object]) -> list[Place]:
    """Return what a lane tells of its series, the name and both ends: one, or a share's two."""
    names = [str(data["series"]), *([str(data["of"])] if data.get("of") else [])]
    return [(name, str(data["resource"]), str(data["peer"])) for name in names]
