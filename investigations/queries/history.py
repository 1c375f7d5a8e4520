"""Past incidents for search: by words, by similarity, by what was wrong and what was done."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, QuerySet
from pgvector.django import CosineDistance

from investigations.days import day_begins, day_ends
from investigations.models import BoardEntry, Diagnosis, Incident, IncidentMemory
from investigations.queries.beginning import began_at
from investigations.queries.resources import matching_resources
from investigations.typed_text import read_number

PAGE = 25
NAMED = re.compile(r"(?:inc[- ]?|#)([0-9]{1,9})", re.IGNORECASE)
"""An incident by its name. A number alone may be one too, or a word of a text."""
EF_SEARCH = 100
NEAR_ENOUGH = 0.65
RANKED = 1000
"""So many of the newest matches are ranked: a word that every incident holds must not cost more."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What to look for. Empty fields do not filter. ``before``: keyset of the last page."""

    text: str = ""
    service: str = ""
    fault_class: str = ""
    verdict: str = ""
    action: str = ""
    severity: str = ""
    state: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One incident as a result: what was concluded, what was done.

    ``similarity``: how alike it is to the one that it is compared to, 0..1, by what was found
    (:mod:`investigations.queries.likeness`). ``shared``: what both have in common, in words.
    """

    incident: Incident
    diagnosis: Diagnosis | None
    fix: str
    similarity: float | None
    shared: tuple[str, ...] = ()

    @property
    def began_at(self) -> datetime:
        """When it began, as the room says."""
        return began_at(self.incident, self.diagnosis)


def search(wanted: HistoryFilter, *, vector: list[float] | None = None) -> list[HistoryRow]:
    """Return a page of incidents. With a text or a vector: best first; else the newest first.

    A constant number of queries whatever the page's length.
    """
    rows = filtered(wanted)
    named = NAMED.fullmatch(wanted.text.strip())
    if named is not None and (one := rows.filter(pk=int(named[1])).first()):
        return dress([(one, None)])
    if wanted.text or vector is not None:
        return _ranked(rows, wanted, vector)
    if wanted.before:
        rows = rows.filter(pk__lt=wanted.before)
    return dress([(incident, None) for incident in rows.order_by("-pk")[:PAGE]])


def filtered(wanted: HistoryFilter) -> QuerySet[Incident]:
    """Return the incidents that the facets of a search leave."""
    about: dict[str, object] = {
        "severity": wanted.severity, "state": wanted.state,
        "memory__fault_class": wanted.fault_class, "memory__verdict": wanted.verdict,
        "memory__action": wanted.action,
    }  # fmt: skip
    rows = Incident.objects.filter(**{name: value for name, value in about.items() if value})
    if wanted.service:
        rows = rows.filter(resource__in=matching_resources(wanted.service))
    if wanted.since:
        rows = rows.filter(opened_at__gte=day_begins(wanted.since))
    if wanted.until:
        rows = rows.filter(opened_at__lt=day_ends(wanted.until))
    return rows


def _is_filtered(wanted: HistoryFilter) -> bool:
    return bool(
        wanted.service or wanted.fault_class or wanted.verdict or wanted.action
        or wanted.severity or wanted.state or wanted.since or wanted.until
    )  # fmt: skip


def _ranked(
    rows: QuerySet[Incident], wanted: HistoryFilter, vector: list[float] | None
) -> list[HistoryRow]:
    """Join both orders by reciprocal rank (Cormack et al. 2009)."""
    memories = IncidentMemory.objects.all()
    if _is_filtered(wanted):
        memories = memories.filter(incident__in=rows)
    scores: dict[int, float] = {}
    if wanted.text:
        for place, incident_id in enumerate(_by_words(memories, wanted.text)):
            scores[incident_id] = 1 / (10 + place)
    if vector is not None:
        for place, (incident_id, distance) in enumerate(nearest(memories, vector)):
            if distance <= NEAR_ENOUGH:
                scores[incident_id] = scores.get(incident_id, 0.0) + 1 / (10 + place)
    number = read_number(wanted.text.strip())
    if number is not None and rows.filter(pk=number).exists():
        scores[number] = 1.0
    best = sorted(scores, key=lambda i: -scores[i])[:PAGE]
    found = Incident.objects.in_bulk(best)
    return dress([(found[i], None) for i in best if i in found])


def _by_words(memories: QuerySet[IncidentMemory], text: str) -> list[int]:
    """Return those that hold all the words; if none does, those that hold any."""
    found, parts = _matching(memories, text), text.split()
    is_plain = len(parts) > 1 and not any(p.startswith("-") or '"' in p for p in parts)
    return found or (_matching(memories, " or ".join(parts)) if is_plain else [])


def _matching(memories: QuerySet[IncidentMemory], text: str) -> list[int]:
    query = SearchQuery(text, config="english", search_type="websearch")
    newest = memories.filter(words=query).order_by("-incident_id").values("pk")[:RANKED]
    ranked = IncidentMemory.objects.filter(pk__in=newest).annotate(
        rank=SearchRank(F("words"), query)
    )
    return list(
        ranked.order_by("-rank", "-incident_id").values_list("incident_id", flat=True)[:PAGE]
    )


def nearest(memories: QuerySet[IncidentMemory], vector: list[float]) -> list[tuple[int, float]]:
    """Return the incidents whose texts are nearest to a vector, with their distances."""
    with connection.cursor() as cursor:
        # Filters are applied after the index: it goes on until enough rows are left.
        cursor.execute(
            "SELECT set_config('hnsw.ef_search', %s, false),"
            " set_config('hnsw.iterative_scan', 'relaxed_order', false),"
            " set_config('hnsw.max_scan_tuples', '4000', false)",
            [str(EF_SEARCH)],
        )
    rows = memories.filter(embedding__isnull=False).annotate(
        distance=CosineDistance("embedding", vector)
    )
    return list(rows.order_by("distance").values_list("incident_id", "distance")[:PAGE])


def vector_of(incident_id: int) -> list[float] | None:
    """Return what the incident is like, or None if that is not remembered yet. One query."""
    found = IncidentMemory.objects.filter(incident_id=incident_id).values_list(
        "embedding", flat=True
    )
    vector = found.first()
    return None if vector is None else [float(v) for v in vector]


def dress(pairs: list[tuple[Incident, float | None]]) -> list[HistoryRow]:
    """Add each incident's newest diagnosis and the action that helped, in two queries."""
    ids = [incident.pk for incident, _ in pairs]
    diagnoses: dict[int, Diagnosis] = {}
    rows = Diagnosis.objects.filter(investigation__incident__in=ids).select_related(
        "investigation", "hypothesis"
    )
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
