"""Writing the board's journal: the row lock, the sequence, the hash chain, the doorbell."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from investigations import broadcast
from investigations.domain.attention import note_attention
from investigations.domain.clock import ClockTimestamp
from investigations.enums import BoardEventKind
from investigations.errors import NotFound
from investigations.models import BoardEvent, Investigation
from investigations.queries.objects import BoardObject

Fence = Callable[[], None]


def chain_hash(previous_hash: str, body: dict[str, object]) -> str:
    """Return the SHA-256 of the previous hash and a canonical JSON body, as hex."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{previous_hash}{text}".encode()).hexdigest()


@dataclass
class BoardWriter:
    """The open journal of one locked investigation. Valid inside ``writing`` only."""

    investigation: Investigation
    now: datetime
    _events: list[BoardEvent] = field(default_factory=list)

    def record(
        self,
        kind: BoardEventKind,
        *,
        author: str,
        sentence: str,
        upsert: dict[str, dict[str, BoardObject]],
    ) -> BoardEvent:
        """Append one event with the whole objects that it changes, and a sentence for the log."""
        investigation = self.investigation
        sequence = investigation.last_sequence + 1
        payload = json.loads(
            json.dumps({"upsert": upsert, "sentence": sentence}, default=str, allow_nan=False)
        )
        body = {
            "investigation": investigation.pk,
            "sequence": sequence,
            "kind": kind.value,
            "author": author,
            "payload": payload,
            "at": self.now.isoformat(),
        }
        event = BoardEvent(
            investigation=investigation,
            sequence=sequence,
            kind=kind,
            author=author,
            payload=payload,
            at=self.now,
            previous_hash=investigation.last_hash,
            hash=chain_hash(investigation.last_hash, body),
        )
        investigation.last_sequence = sequence
        investigation.last_hash = event.hash
        self._events.append(event)
        return event

    def flush(self) -> None:
        """Write the collected events and the journal's head."""
        if not self._events:
            return
        BoardEvent.objects.bulk_create(self._events)
        note_attention(self._events, self.investigation)
        self._events = []
        self.investigation.save(update_fields=["last_sequence", "last_hash"])
        broadcast.ring_after_commit(self.investigation.pk, self.investigation.last_sequence)


@contextmanager
def writing(investigation_id: int, *, fence: Fence | None = None) -> Iterator[BoardWriter]:
    """Lock the investigation's row, run the fence, and write what the block records.

    One transaction: the rows the block writes, the events and whatever the fence advances commit
    together or not at all. ``fence`` raises :class:`investigations.errors.StaleLease` when the
    caller's lease is gone.

    Raises:
        NotFound: There is no such investigation.
    """
    with transaction.atomic():
        investigation = (
            # Without the incident: whoever waits for the lock would get that row as it was before.
            Investigation.objects.select_for_update()
            .annotate(database_now=ClockTimestamp())
            .filter(pk=investigation_id)
            .first()
        )
        if investigation is None:
            raise NotFound(f"There is no investigation {investigation_id}.")
        if fence is not None:
            fence()
        writer = BoardWriter(investigation=investigation, now=investigation.database_now)
        yield writer
        writer.flush()


def verify_chain(investigation_id: int) -> int | None:
    """Return the first sequence whose hash or number does not follow, or None if all do."""
    previous, expected = "", 1
    events = BoardEvent.objects.filter(investigation_id=investigation_id).order_by("sequence")
    for event in events.iterator(chunk_size=500):
        body = {
            "investigation": event.investigation_id,
            "sequence": event.sequence,
            "kind": event.kind,
            "author": event.author,
            "payload": event.payload,
            "at": event.at.isoformat(),
        }
        is_sound = (
            event.sequence == expected
            and event.previous_hash == previous
            and event.hash == chain_hash(previous, body)
        )
        if not is_sound:
            return event.sequence
        previous, expected = event.hash, expected + 1
    head = Investigation.objects.filter(pk=investigation_id).values_list(
        "last_sequence", "last_hash"
    )[0]
    return None if head == (expected - 1, previous) else expected
