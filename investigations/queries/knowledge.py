"""Finding knowledge: lists, search, and what fits an incident."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import Count, F, Max, Q, QuerySet
from pgvector.django import CosineDistance

from investigations.errors import NotFound
from investigations.models import (
    Diagnosis,
    FactState,
    Incident,
    IncidentMemory,
    KnowledgeChunk,
    KnowledgeDocument,
    KnowledgeUse,
    LearnedFact,
    TrustTier,
)
from investigations.rules import AnyUser, can_view

PAGE = 50
SHOWN = 3
CANDIDATES = 30
EF_SEARCH = 100
# Cosine distances of MiniLM: nearer is about the same thing, farther says nothing.
NEAR_ENOUGH = 0.55
WORD = re.compile(r"[a-z][a-z0-9-]{2,}")
COMMON = frozenset({
    "the", "and", "for", "with", "from", "that", "this", "has", "have", "was", "were", "are", "its",
    "over", "under", "above", "below", "not", "per", "now", "than", "then", "into", "service",
    "services", "requests", "request",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with how it was used."""

    document: KnowledgeDocument
    used_at: datetime | None
    helped: int
    did_not: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A document that fits an incident, its best passage, and why it was chosen."""

    document: KnowledgeDocument
    chunk: KnowledgeChunk
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A learned fact with the number of its incidents and the newest of them."""

    fact: LearnedFact
    cases: int
    newest: int | None


def list_documents(
    *, text: str = "", kind: str = "", is_retired: bool = False, before: int | None = None
) -> list[DocumentRow]:
    """Return a page of documents, newest first, or those with the words, best first. One query."""
    rows = KnowledgeDocument.objects.filter(retired_at__isnull=not is_retired).defer("text")
    if kind:
        rows = rows.filter(kind=kind)
    if text:
        query = SearchQuery(text, config="english", search_type="websearch")
        found = KnowledgeChunk.objects.filter(words=query).values("document")
        rows = rows.filter(Q(pk__in=found) | Q(title__icontains=text))
    if before:
        rows = rows.filter(pk__lt=before)
    counted = rows.annotate(
        used_at=Max("uses__used_at"),
        helped=Count("uses", filter=Q(uses__has_helped=True)),
        did_not=Count("uses", filter=Q(uses__has_helped=False)),
    )
    return [DocumentRow(d, d.used_at, d.helped, d.did_not) for d in counted.order_by("-pk")[:PAGE]]


def access_document(user: AnyUser, document_id: int) -> KnowledgeDocument:
    """Return a document that the person may see.

    Raises:
        NotFound: There is none, or the person may not see it.
    """
    found = KnowledgeDocument.objects.filter(pk=document_id).first() if can_view(user) else None
    if found is None:
        raise NotFound("There is no such document.")
    return found


def list_facts(*states: str, limit: int = PAGE) -> list[FactRow]:
    """Return facts in these states, newest first. One query."""
    return _rows(LearnedFact.objects.filter(state__in=states), limit)


def _rows(facts: QuerySet[LearnedFact], limit: int) -> list[FactRow]:
    counted = facts.annotate(count=Count("cases"), newest=Max("cases__incident"))
    return [FactRow(f, f.count, f.newest) for f in counted.order_by("-newest", "-pk")[:limit]]


def facts_for(incident: Incident) -> list[FactRow]:
    """Return approved facts about the incident's resource or its likely cause's."""
    diagnosis = _cause(incident)
    keys = {incident.resource, *([diagnosis.resource] if diagnosis else [])}
    facts = LearnedFact.objects.filter(state=FactState.APPROVED, resource__in=keys)
    return _rows(facts, SHOWN)


def _cause(incident: Incident) -> Diagnosis | None:
    rows = Diagnosis.objects.filter(investigation__incident=incident)
    return rows.order_by("-pk").first()


def passages_for(incident: Incident) -> list[Passage]:
    """Return at most three documents that fit: by service, by words, by likeness. Five queries.

    A document must name the service, or be near in meaning, or share words with the cause; the
    reviewed come before the others of the same rank.
    """
    diagnosis = _cause(incident)
    names = _names(incident, diagnosis)
    chunks = KnowledgeChunk.objects.filter(document__retired_at__isnull=True)
    scores: dict[int, float] = {}
    why: dict[int, list[str]] = {}
    for place, chunk_id in enumerate(_by_words(chunks, incident, diagnosis)):
        scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (10 + place)
        why.setdefault(chunk_id, []).append("same words")
    for place, (chunk_id, distance) in enumerate(_by_likeness(chunks, incident)):
        scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (10 + place)
        why.setdefault(chunk_id, []).append(f"{1 - distance:.0%} alike")
    named = chunks.filter(document__services__overlap=names) if names else chunks.none()
    for chunk_id in named.order_by("document_id", "position").values_list("pk", flat=True)[:100]:
        scores[chunk_id] = scores.get(chunk_id, 0.0) + 0.1
        why.setdefault(chunk_id, []).insert(0, "names the service")
    found = KnowledgeChunk.objects.filter(pk__in=scores).select_related("document")
    best: dict[int, KnowledgeChunk] = {}
    for chunk in sorted(found, key=lambda c: (-scores[c.pk], c.document.trust != TrustTier.REVIEWED,
                                              c.document_id, c.position)):  # fmt: skip
        best.setdefault(chunk.document_id, chunk)
    return [Passage(c.document, c, tuple(why[c.pk])) for c in list(best.values())[:SHOWN]]


def _names(incident: Incident, diagnosis: Diagnosis | None) -> list[str]:
    keys = [incident.resource, *([diagnosis.resource] if diagnosis else [])]
    return [key.rpartition("/")[2] for key in dict.fromkeys(keys) if key]


def _by_words(
    chunks: QuerySet[KnowledgeChunk], incident: Incident, diagnosis: Diagnosis | None
) -> list[int]:
    """Return chunks that share the cause's words, or else at least two words of the symptom."""
    if diagnosis is not None and diagnosis.fault_class:
        wanted = _query(WORD.findall(diagnosis.fault_class.replace("_", " ")), is_any=False)
    else:
        words = WORD.findall(f"{incident.title} {incident.semantic.replace('_', ' ')}".lower())
        wanted = _query([w for w in dict.fromkeys(words) if w not in COMMON][:12], is_any=True)
    if wanted is None:
        return []
    ranked = chunks.filter(words=wanted).annotate(rank=SearchRank(F("words"), wanted))
    rows = ranked.filter(rank__gt=0.05).order_by("-rank", "pk")
    return list(rows.values_list("pk", flat=True)[:CANDIDATES])


def _query(words: list[str], *, is_any: bool) -> SearchQuery | None:
    if not words:
        return None
    joined = (" or " if is_any else " ").join(words)
    return SearchQuery(joined, config="english", search_type="websearch")


def _by_likeness(chunks: QuerySet[KnowledgeChunk], incident: Incident) -> list[tuple[int, float]]:
    memory = IncidentMemory.objects.filter(incident=incident).first()
    if memory is None or memory.embedding is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hnsw.ef_search', %s, false)", [str(EF_SEARCH)])
    near = chunks.filter(embedding__isnull=False).annotate(
        distance=CosineDistance("embedding", list(memory.embedding))
    )
    rows = near.order_by("distance").values_list("pk", "distance")[:CANDIDATES]
    return [(pk, distance) for pk, distance in rows if distance <= NEAR_ENOUGH]


def documents_without_vectors(*, limit: int = 20) -> list[int]:
    """Return documents with passages that search by likeness does not know yet."""
    rows = KnowledgeChunk.objects.filter(embedding__isnull=True, document__retired_at__isnull=True)
    return list(rows.values_list("document", flat=True).distinct().order_by("document")[:limit])


def uses_of(document: KnowledgeDocument) -> list[KnowledgeUse]:
    """Return who used a document where, newest first."""
    rows = document.uses.select_related("incident", "person").order_by("-used_at", "-pk")
    return list(rows[:20])
