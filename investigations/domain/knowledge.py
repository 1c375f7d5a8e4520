"""Importing, reviewing, editing and retiring what people know; its passages and their vectors."""

from dataclasses import dataclass
from hashlib import sha256

import structlog
from django.contrib.postgres.search import SearchVector
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp
from investigations.domain.passages import cut, read_header
from investigations.embeddings import EmbeddingUnavailable, get_embedder
from investigations.errors import BoardError
from investigations.jobs import enqueue_document
from investigations.models import (
    DocumentKind,
    KnowledgeChunk,
    KnowledgeDocument,
    KnowledgeUse,
    TrustTier,
)
from investigations.typed_text import without_controls
from telemetry.redaction import redact

log = structlog.get_logger(__name__)
MAX_TEXT = 200_000
MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A text about to be imported. ``source`` says from where; ``title`` is a fallback."""

    kind: DocumentKind
    text: str
    source: str
    title: str = ""
    services: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a draft: ``added``, ``changed`` or ``unchanged``."""

    document: KnowledgeDocument
    outcome: str


def import_document(draft: DocumentDraft, *, author: str) -> Imported:
    """Add a document, or a new version of the one from the same source. Secrets are masked.

    Idempotent by text. A new text loses its review; a retired one that changed is there again.
    One transaction with the audit entry; vectors are made after commit by a worker.

    Raises:
        BoardError: The text is empty or too long.
    """
    text = redact(without_controls(draft.text.replace("\r\n", "\n")), limit=MAX_TEXT + 1)
    if not text.strip():
        raise BoardError("There is no text in it.")
    if len(text) > MAX_TEXT:
        raise BoardError(f"At most {MAX_TEXT:,} characters; split it by topic.")
    header = read_header(text, fallback=draft.title or "Untitled")
    digest = sha256(text.encode()).hexdigest()
    services = list(dict.fromkeys([*header.services, *draft.services]))[:20]
    with transaction.atomic():
        known = (
            KnowledgeDocument.objects.select_for_update()
            .filter(kind=draft.kind, source=draft.source[:300])
            .first()
        )
        if known is not None and known.digest == digest and known.services == services:
            return Imported(known, "unchanged")
        row = known or KnowledgeDocument(kind=draft.kind, source=draft.source[:300], author=author)
        row.title, row.text, row.digest, row.services = header.title, text, digest, services
        row.revision = draft.revision[:64]
        row.version = known.version + 1 if known else 1
        row.trust, row.reviewed_by, row.retired_at = TrustTier.IMPORTED, "", None
        row.changed_at = ClockTimestamp()
        row.save()
        _cut_anew(row)
        record_audit(actor=author, verb=f"knowledge.{'changed' if known else 'added'}",
                     subject=f"document/{row.pk}",
                     detail={"title": row.title, "source": row.source, "digest": digest})  # fmt: skip
    row.refresh_from_db()
    return Imported(row, "changed" if known else "added")


def _cut_anew(row: KnowledgeDocument) -> None:
    row.chunks.all().delete()
    KnowledgeChunk.objects.bulk_create(
        KnowledgeChunk(document=row, position=i, heading=p.heading[:200], text=p.text)
        for i, p in enumerate(cut(row.text), 1)
    )
    row.chunks.update(words=SearchVector("heading", "text", config="english"))
    enqueue_document(row.pk)


def embed_document(document_id: int) -> int:
    """Make the vectors of a document's passages that have none. Returns how many. Idempotent."""
    chunks = KnowledgeChunk.objects.filter(document=document_id, embedding__isnull=True)
    done = 0
    for chunk in chunks.select_related("document"):
        try:
            vector = get_embedder().embed(f"{chunk.document.title}. {chunk.heading}. {chunk.text}")
        except EmbeddingUnavailable as error:
            log.warning("knowledge.no_vector", reason=str(error))
            return done
        done += KnowledgeChunk.objects.filter(pk=chunk.pk, text=chunk.text).update(embedding=vector)
    return done


def edit_document(
    *, document_id: int, text: str, services: tuple[str, ...], seen_digest: str, author: str
) -> KnowledgeDocument:
    """Write a new version by hand. It stands as reviewed by its author.

    Raises:
        BoardError: Somebody changed it since it was read, or the text is empty or too long.
    """
    with transaction.atomic():
        row = KnowledgeDocument.objects.select_for_update().get(pk=document_id)
        if row.digest != seen_digest:
            raise BoardError("It was changed since you opened it. Nothing was saved.")
        draft = DocumentDraft(kind=DocumentKind(row.kind), text=text, source=row.source,
                              title=row.title, services=services, revision=row.revision)  # fmt: skip
        import_document(draft, author=author)
        return review_document(document_id=document_id, author=author)


def review_document(*, document_id: int, author: str) -> KnowledgeDocument:
    """Mark the version that stands as reviewed. Idempotent."""
    with transaction.atomic():
        row = KnowledgeDocument.objects.select_for_update().get(pk=document_id)
        if row.trust != TrustTier.REVIEWED:
            row.trust, row.reviewed_by = TrustTier.REVIEWED, author
            row.save(update_fields=["trust", "reviewed_by"])
            record_audit(actor=author, verb="knowledge.reviewed", subject=f"document/{row.pk}",
                         detail={"digest": row.digest})  # fmt: skip
    return row


def retire_document(*, document_id: int, reason: str, author: str) -> KnowledgeDocument:
    """Take a document out of search and rooms, with the reason; or (no reason) put it back.

    Raises:
        BoardError: The reason is too long.
    """
    reason = reason.strip()
    if len(reason) > MAX_REASON:
        raise BoardError(
            f"At most {MAX_REASON} characters for the reason; yours has {len(reason)}."
        )
    with transaction.atomic():
        row = KnowledgeDocument.objects.select_for_update().get(pk=document_id)
        row.retired_reason = reason
        row.retired_at = ClockTimestamp() if reason else None
        row.save(update_fields=["retired_at", "retired_reason"])
        record_audit(actor=author, verb=f"knowledge.{'retired' if reason else 'restored'}",
                     subject=f"document/{row.pk}", detail={"reason": reason})  # fmt: skip
    row.refresh_from_db()
    return row


def note_use(*, document_id: int, incident_id: int, person_id: int) -> KnowledgeUse:
    """Remember that a person opened a document in an incident. Idempotent."""
    use, _ = KnowledgeUse.objects.get_or_create(
        document_id=document_id, incident_id=incident_id, person_id=person_id
    )
    return use


def say_whether_it_helped(
    *, document_id: int, incident_id: int, person_id: int, has_helped: bool
) -> None:
    """Record a person's word on a document in an incident; a later word replaces it."""
    use = note_use(document_id=document_id, incident_id=incident_id, person_id=person_id)
    KnowledgeUse.objects.filter(pk=use.pk).update(has_helped=has_helped)
