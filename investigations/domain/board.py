"""Evidence and entries: what agents, people and packages above post on the board."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Max

from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.enums import BoardEventKind, EntryKind, EvidenceKind
from investigations.errors import EvidenceRejected
from investigations.models import BoardEntry, Evidence
from investigations.queries.objects import (
    BoardObject,
    entry_object,
    evidence_object,
    investigation_object,
)
from investigations.signals import evidence_posted
from telemetry.results import finite


@dataclass(frozen=True, slots=True)
class EvidenceDraft:
    """A fact about to be posted. See :class:`investigations.models.Evidence` for the fields."""

    kind: EvidenceKind
    claim: str
    window_start: datetime
    window_end: datetime
    resource: str = ""
    peer: str = ""
    feature: str = ""
    magnitude: float | None = None
    unit: str = ""
    onset_at: datetime | None = None
    source: str = ""
    query: str = ""
    result_digest: str = ""
    sample: dict[str, object] = field(default_factory=dict)
    source_link: str = ""
    duration_seconds: float = 0.0
    truncated_count: int = 0
    ingestion_path: str = ""
    is_tainted: bool = False
    challenges_id: int | None = None
    tags: tuple[str, ...] = ()


def post_evidence(
    *,
    investigation_id: int,
    draft: EvidenceDraft,
    step_key: str,
    author: str,
    fence: Fence | None = None,
) -> Evidence:
    """Post a piece of evidence and its event in one transaction.

    Idempotent by ``step_key``: posting again returns the row that is there and records nothing.
    Emits: ``evidence_posted`` after commit.

    Raises:
        EvidenceRejected: The claim is empty, or it cites no query and is neither gap nor note.
        StaleLease: The fence says that the caller has lost its lease.
    """
    with writing(investigation_id, fence=fence) as board:
        return write_evidence(board, draft, step_key=step_key, author=author)


def write_evidence(
    board: BoardWriter, draft: EvidenceDraft, *, step_key: str, author: str
) -> Evidence:
    """As :func:`post_evidence`, inside a transaction that has the journal open already."""
    _check_evidence(draft)
    known = board.investigation.evidence.filter(step_key=step_key).first()
    if known is not None:
        return known
    return _insert_evidence(board, draft, step_key=step_key, author=author)


def _check_evidence(draft: EvidenceDraft) -> None:
    """Raise EvidenceRejected unless a draft claims something and cites what it rests on."""
    if not draft.claim.strip():
        raise EvidenceRejected("Evidence needs a claim.")
    is_uncited = not (draft.query and draft.result_digest)
    if is_uncited and draft.kind not in {EvidenceKind.GAP, EvidenceKind.NOTE}:
        raise EvidenceRejected(f"Evidence must cite a query and its result: {draft.claim!r}")


def _insert_evidence(
    board: BoardWriter, draft: EvidenceDraft, *, step_key: str, author: str
) -> Evidence:
    investigation = board.investigation
    last = investigation.evidence.aggregate(last=Max("number"))["last"] or 0
    evidence = Evidence.objects.create(
        investigation=investigation,
        number=last + 1,
        step_key=step_key,
        author=author,
        kind=draft.kind,
        claim=draft.claim[:500],
        resource=draft.resource,
        peer=draft.peer,
        feature=draft.feature,
        magnitude=finite(draft.magnitude),
        unit=draft.unit,
        onset_at=draft.onset_at,
        source=draft.source,
        query=draft.query,
        window_start=draft.window_start,
        window_end=draft.window_end,
        result_digest=draft.result_digest,
        sample=finite(draft.sample) or {},
        source_link=draft.source_link,
        duration_seconds=draft.duration_seconds,
        truncated_count=draft.truncated_count,
        ingestion_path=draft.ingestion_path,
        is_tainted=draft.is_tainted,
        challenges_id=draft.challenges_id,
        tags=list(draft.tags),
        posted_at=board.now,
    )
    board.record(
        BoardEventKind.EVIDENCE_POSTED,
        author=author,
        sentence=f"E{evidence.number}: {evidence.claim}",
        upsert={"evidence": {f"E{evidence.number}": evidence_object(evidence)}},
    )
    transaction.on_commit(
        partial(
            evidence_posted.send_robust,
            sender=Evidence,
            investigation_id=investigation.pk,
            evidence_id=evidence.pk,
        )
    )
    return evidence


def post_note(*, investigation_id: int, text: str, author: str, step_key: str) -> Evidence:
    """Post a person's note. It is shown as human and never counts by itself."""
    with writing(investigation_id) as board:
        investigation = board.investigation
        draft = EvidenceDraft(
            kind=EvidenceKind.NOTE,
            claim=text,
            window_start=investigation.window_start,
            window_end=investigation.window_end,
        )
    return post_evidence(
        investigation_id=investigation_id, draft=draft, step_key=step_key, author=author
    )


def post_entry(
    *,
    investigation_id: int,
    kind: EntryKind,
    key: str,
    data: dict[str, object],
    author: str,
    sentence: str,
    fence: Fence | None = None,
) -> BoardEntry:
    """Create or replace an entry that another package owns, with its event.

    Idempotent: writing the same data again records nothing.
    """
    with writing(investigation_id, fence=fence) as board:
        return write_entry(board, kind=kind, key=key, data=data, author=author, sentence=sentence)


def write_entry(
    board: BoardWriter,
    *,
    kind: EntryKind,
    key: str,
    data: dict[str, object],
    author: str,
    sentence: str,
) -> BoardEntry:
    """As :func:`post_entry`, inside a transaction that has the journal open already."""
    entry, is_new = BoardEntry.objects.get_or_create(
        investigation=board.investigation, kind=kind, key=key, defaults={"data": data}
    )
    if not is_new and entry.data == data:
        return entry
    if not is_new:
        entry.data = data
        entry.save(update_fields=["data", "updated_at"])
    board.record(
        BoardEventKind.ENTRY_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"entries": {f"{kind}/{key}": entry_object(entry)}},
    )
    return entry


def write_lanes(
    investigation_id: int,
    longer: Callable[[dict[str, object]], dict[str, object] | None],
    *,
    read_from: datetime,
    until: datetime,
) -> int:
    """Let the timeline's lanes go on, with one event for all. Returns how many went on.

    ``longer`` returns a lane's data with what was read of it from ``read_from`` to ``until``, or None.
    Nothing is written where somebody else has read on meanwhile, or the run goes on.
    """
    with writing(investigation_id) as board:
        row = board.investigation
        if row.seen_until != read_from or not row.is_over:
            return 0
        changed: dict[str, BoardObject] = {}
        for entry in row.entries.filter(kind=EntryKind.LANE):
            data = longer(entry.data)
            if data is None:
                continue
            entry.data = data
            entry.save(update_fields=["data", "updated_at"])
            changed[f"{entry.kind}/{entry.key}"] = entry_object(entry)
        if not changed:
            return 0
        row.lanes_until = until
        row.save(update_fields=["lanes_until"])
        board.record(
            BoardEventKind.LANES_READ,
            author="system",
            sentence=f"The timeline goes on to {until:%H:%M:%SZ}",
            upsert={
                "entries": changed,
                "investigation": {"investigation": investigation_object(row)},
            },
        )
    return len(changed)
