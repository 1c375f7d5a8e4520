"""What has changed for a person since they last looked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Now

from investigations.enums import BoardEventKind
from investigations.models import BoardEvent, Incident, Visit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TELLING = (
    BoardEventKind.DIAGNOSIS_REACHED, BoardEventKind.INCIDENT_CHANGED,
    BoardEventKind.HYPOTHESIS_CHANGED,
)  # fmt: skip
# Of what other packages put on a board, actions; agents' steps and lanes are no news to a person.
OF_AN_ACTION = Q(kind=BoardEventKind.ENTRY_CHANGED, payload__sentence__regex=r"^A\d")
WORTH_TELLING = timedelta(days=7)
LIMIT = 20


class SubqueryCount(Subquery):
    """The number of rows of a subquery."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Change:
    """An incident whose board moved on since a person looked. ``count``: events since."""

    incident: Incident
    count: int
    seen_at: datetime
    sentence: str
    at: datetime


def list_changes(user: "User", *, limit: int = LIMIT) -> list[Change]:
    """Return what moved on since the person looked, newest first, of the last week. Two queries."""
    newest = BoardEvent.objects.filter(
        Q(kind__in=TELLING) | OF_AN_ACTION, investigation__incident=OuterRef("incident"),
        sequence__gt=OuterRef("seen_sequence"),
    ).order_by("-id")  # fmt: skip
    since = BoardEvent.objects.filter(
        investigation__incident=OuterRef("incident"), sequence__gt=OuterRef("seen_sequence")
    ).exclude(kind=BoardEventKind.LANES_READ)
    rows = (
        Visit.objects.filter(person=user, seen_at__gt=Now() - WORTH_TELLING)
        .filter(incident__investigations__last_sequence__gt=F("seen_sequence"))
        .annotate(
            count=SubqueryCount(since.values("pk")), event=Subquery(newest.values("pk")[:1])
        )
        .filter(event__isnull=False)
        .select_related("incident")
        .order_by("-event")[:limit]
    )  # fmt: skip
    visits = list(rows)
    events = BoardEvent.objects.in_bulk([v.event for v in visits])
    return [
        Change(v.incident, v.count, v.seen_at,
               str(events[v.event].payload["sentence"]), events[v.event].at)
        for v in visits
        if v.seen_at is not None
    ]  # fmt: skip


def snoozed_incidents(user: "User") -> dict[int, datetime]:
    """Return the incidents that a person does not want to be asked about now, and until when."""
    rows = Visit.objects.filter(person=user, snoozed_until__gt=Now())
    return {v.incident_id: v.snoozed_until for v in rows if v.snoozed_until is not None}
