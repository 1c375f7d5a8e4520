"""Keeping what a person has seen of an incident, and their wish not to be asked for a while."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.db.models.functions import Greatest

from investigations.domain.clock import database_now
from investigations.errors import BoardError
from investigations.models import Incident, Visit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SNOOZES = (30, 120, 480)
"""Minutes that can be chosen."""


def mark_seen(*, person_id: int, incident_id: int, sequence: int, at: datetime) -> None:
    """Keep that a person has read the journal up to ``sequence``. Never goes back. Idempotent."""
    changed = Visit.objects.filter(person_id=person_id, incident_id=incident_id).update(
        seen_sequence=Greatest(F("seen_sequence"), sequence), seen_at=at
    )
    if not changed:
        Visit.objects.bulk_create(
            [Visit(person_id=person_id, incident_id=incident_id, seen_sequence=sequence, seen_at=at)],
            ignore_conflicts=True,
        )  # fmt: skip


def snooze(*, person: "User", incident: Incident, minutes: int) -> None:
    """Hide an incident from a person's inbox for a while; 0 shows it again.

    Raises:
        BoardError: That time cannot be chosen.
    """
    if minutes not in (0, *SNOOZES):
        raise BoardError("Snooze for 30 minutes, 2 hours or 8 hours.")
    until = database_now() + timedelta(minutes=minutes) if minutes else None
    Visit.objects.update_or_create(
        person=person, incident=incident, defaults={"snoozed_until": until}
    )
