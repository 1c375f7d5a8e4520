"""The journal of the board, and entries of packages above."""

from django.db import models

from investigations.enums import BoardEventKind, EntryKind
from investigations.models.incident import Investigation


class BoardEvent(models.Model):
    """One numbered change: append-only, gapless, hash-chained. A trigger refuses UPDATE and DELETE.

    ``payload`` is ``{"upsert": {collection: {key: object}}, "sentence": text}`` with whole objects,
    so that applying an event twice is the same as once.
    """

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="events"
    )
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=32, choices=BoardEventKind.choices)
    author = models.CharField(max_length=100)
    payload = models.JSONField()
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("sequence",)
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "sequence"), name="board_event_sequence_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.investigation_id}#{self.sequence} {self.kind}"


class BoardEntry(models.Model):
    """Something on the board that another package owns: an agent's row, a lane, an action."""

    investigation = models.ForeignKey(
        Investigation, on_delete=models.PROTECT, related_name="entries"
    )
    kind = models.CharField(max_length=16, choices=EntryKind.choices)
    key = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "board entries"
        constraints = (
            models.UniqueConstraint(
                fields=("investigation", "kind", "key"), name="board_entry_once"
            ),
        )
        # Actions of other incidents are looked for by time, from every room.
        indexes = (models.Index(fields=("kind", "updated_at"), name="board_entry_by_time"),)

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"
