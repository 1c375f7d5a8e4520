"""Searching past investigations: words, similarity, filters; keyset pages."""

from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Q, QuerySet
from pgvector.django import CosineDistance

from investigations.models import BoardEntry, Diagnosis, Incident, IncidentMemory

PAGE = 25
EF_SEARCH = 100
NEAR_ENOUGH = 0.65


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What to look for. Empty fields do not filter. ``before``: keyset of the last page."""

    text: str = ""
    service: str = ""
    fault_class: str = ""
    verdict: str = ""
    severity: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One incident as a result: what was concluded, what was done, how near it is (0..1)."""

    incident: Incident
    diagnosis: Diagnosis | None
    fix: str
    similarity: float | None


def search(wanted: HistoryFilter, *, vector: list[float] | None = None) -> list[HistoryRow]:
    """Return a page of incidents. With a text: by words and similarity, best first; else newest.

    Three queries whatever the page's length.
    """
    rows = _filtered(wanted)
    if wanted.text:
        return _ranked(rows, wanted.text, vector)
    if wanted.before:
        rows = rows.filter(pk__lt=wanted.before)
    return _dress([(incident, None) for incident in rows.order_by("-pk")[:PAGE]])


def _filtered(wanted: HistoryFilter) -> QuerySet[Incident]:
    rows = Incident.objects.all()
    if wanted.service:
        rows = rows.filter(resource__icontains=wanted.service)
    if wanted.severity:
        rows = rows.filter(severity=wanted.severity)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.since:
        rows = rows.filter(opened_at__date__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(opened_at__date__lte=wanted.until)
    about = Q()
    if wanted.fault_class:
        about &= Q(investigations__diagnoses__fault_class=wanted.fault_class)
    if wanted.verdict:
        about &= Q(investigations__diagnoses__verdict=wanted.verdict)
    return rows.filter(about).distinct() if about else rows


def _ranked(rows: QuerySet[Incident], text: str, vector: list[float] | None) -> list[HistoryRow]:
    query = SearchQuery(text, config="english", search_type="websearch")
    scores: dict[int, float] = {}
    near: dict[int, float] = {}
    memories = IncidentMemory.objects.filter(incident__in=rows)
    by_words = (
        memories.filter(words=query)
        .annotate(rank=SearchRank(F("words"), query))
        .order_by("-rank")
        .values_list("incident_id", flat=True)[:PAGE]
    )
    for place, incident_id in enumerate(by_words):
        scores[incident_id] = scores.get(incident_id, 0.0) + 1 / (10 + place)
    if vector is not None:
        for place, (incident_id, distance) in enumerate(_nearest(memories, vector)):
            if distance <= NEAR_ENOUGH:
                scores[incident_id] = scores.get(incident_id, 0.0) + 1 / (10 + place)
                near[incident_id] = 1 - distance
    found = Incident.objects.in_bulk(sorted(scores, key=lambda i: -scores[i])[:PAGE])
    ordered = [found[i] for i in sorted(scores, key=lambda i: -scores[i])[:PAGE] if i in found]
    return _dress([(incident, near.get(incident.pk)) for incident in ordered])


def _nearest(memories: QuerySet[IncidentMemory], vector: list[float]) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hnsw.ef_search', %s, false)", [str(EF_SEARCH)])
    rows = memories.filter(embedding__isnull=False).annotate(
        distance=CosineDistance("embedding", vector)
    )
    return list(rows.order_by("distance").values_list("incident_id", "distance")[:PAGE])


def similar_incidents(incident: Incident, *, limit: int = 3) -> list[HistoryRow]:
    """Return the most similar past incidents, with what was wrong and what fixed it."""
    memory = IncidentMemory.objects.filter(incident=incident).first()
    if memory is None or memory.embedding is None:
        return []
    others = IncidentMemory.objects.exclude(incident=incident)
    near = [(i, d) for i, d in _nearest(others, list(memory.embedding)) if d <= NEAR_ENOUGH][:limit]
    found = Incident.objects.in_bulk([i for i, _ in near])
    return _dress([(found[i], 1 - d) for i, d in near if i in found])


def _dress(pairs: list[tuple[Incident, float | None]]) -> list[HistoryRow]:
    """Add each incident's newest diagnosis and the action that helped, in two queries."""
    ids = [incident.pk for incident, _ in pairs]
    diagnoses: dict[int, Diagnosis] = {}
    rows = Diagnosis.objects.filter(investigation__incident__in=ids).select_related("investigation")
    for row in rows.order_by("pk"):
        diagnoses[row.investigation.incident_id] = row
    fixes = _fixes(ids)
    return [HistoryRow(i, diagnoses.get(i.pk), fixes.get(i.pk, ""), near) for i, near in pairs]


def _fixes(incident_ids: list[int]) -> dict[int, str]:
    rows = BoardEntry.objects.filter(
        kind="action", investigation__incident__in=incident_ids, data__state="succeeded"
    ).values_list("investigation__incident_id", "data__title")
    return {incident_id: str(title) for incident_id, title in rows}


def incidents_without_memory(*, limit: int = 50) -> list[int]:
    """Return incidents that search does not know yet."""
    rows = Incident.objects.filter(memory__isnull=True).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])
