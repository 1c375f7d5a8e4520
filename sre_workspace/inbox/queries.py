"""What the inbox shows, gathered from every package."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import CharField, OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from investigations.enums import (
    OVER_STATES,
    DiagnosisVerdict,
    EntryKind,
    IncidentState,
    InvestigationState,
)
from investigations.models import BoardEntry, Diagnosis, Incident, Investigation
from investigations.presenters.consensus import plain_step
from investigations.queries.handoffs import list_pending_handoffs
from investigations.queries.incidents import IncidentRow, list_active
from investigations.queries.visits import Change, list_changes, snoozed_incidents
from investigations.rules import can_respond
from remediation.domain.transitions import MUST_JUDGE, treats
from remediation.enums import ActionState
from remediation.models import Action
from remediation.queries.waiting import decidable

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LIMIT = 50
UNMEASURED = "it could not be measured"
STOPPED = "its undo was stopped, and it stands"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person. ``kind``: action, question or handoff.

    ``blocked``: why nobody can do it now, if nobody can. ``beside``: who asked for an action that is
    no treatment of the likely cause.
    """

    key: str
    kind: str
    incident: Incident
    text: str
    verb: str
    path: str
    until: datetime | None = None
    blocked: str = ""
    beside: str = ""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What the URL asks for. Empty fields do not filter."""

    severity: str = ""
    service: str = ""
    lead: str = ""
    with_snoozed: bool = False


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everything on the page."""

    waiting: tuple[Waiting, ...]
    active: tuple[IncidentRow, ...]
    changes: tuple[Change, ...]
    snoozed: dict[int, datetime]
    hidden_count: int


def _actions(user: "User") -> list[Waiting]:
    told = BoardEntry.objects.filter(
        investigation=OuterRef("investigation"), kind=EntryKind.ACTION,
        key=Concat(Value("A"), Cast(OuterRef("number"), CharField())),
    ).annotate(why=KT("data__blocked"))  # fmt: skip
    return [
        Waiting(
            f"a{row.pk}", "action", row.investigation.incident, f"{row}: {row.title}",
            "Review", reverse("action", args=[row.investigation.incident_id, row.number]),
            row.approval_expires_at, row.blocked or "",
            row.requested_by.get_username() if row.requested_by and not treats(row) else "",
        )
        for row in decidable(user).annotate(blocked=Subquery(told.values("why")[:1]))[:LIMIT]
    ]  # fmt: skip


def _judgements(user: "User") -> list[Waiting]:
    """Return actions of which nobody could measure whether they helped: a person must say."""
    is_open = Q(state=ActionState.INCONCLUSIVE) | Q(
        state=ActionState.HALTED, result__endswith=MUST_JUDGE
    )  # fmt: skip
    rows = Action.objects.filter(is_open, outcome=None).exclude(
        investigation__incident__state=IncidentState.RESOLVED
    )
    return [
        Waiting(
            f"j{row.pk}", "question", row.investigation.incident,
            f"Did {row} help? {row.title}: {STOPPED if row.state == ActionState.HALTED else UNMEASURED}.",
            "Judge it",
            reverse("action", args=[row.investigation.incident_id, row.number]) + "#judged",
        )
        for row in rows.select_related("investigation__incident").order_by("-pk")[:LIMIT]
    ]  # fmt: skip


def _questions() -> list[Waiting]:
    """Return investigations that ended without a cause: what the agents ask for next."""
    newest = Diagnosis.objects.filter(investigation=OuterRef("pk")).order_by("-number")
    rows = (
        Investigation.objects.filter(state=InvestigationState.CONCLUDED)
        .exclude(incident__state__in=OVER_STATES)
        .annotate(verdict=Subquery(newest.values("verdict")[:1]),
                  asked=Subquery(newest.values("next_steps")[:1]))
        .filter(verdict=DiagnosisVerdict.INCONCLUSIVE)
        .select_related("incident").order_by("-pk")[:LIMIT]
    )  # fmt: skip
    return [
        Waiting(
            f"q{row.pk}", "question", row.incident,
            f"No cause found. {plain_step(row.asked[0]) if row.asked else ''} What do you think it "
            "is? The agents test it.",
            "Say it", f"{reverse('room', args=[row.incident_id])}#claim",
        )
        for row in rows
    ]  # fmt: skip


def _handoffs(user: "User") -> list[Waiting]:
    found = []
    for row in list_pending_handoffs(user)[:LIMIT]:
        incident = row.investigation.incident
        text = f"{row.author.partition('/')[2]} hands over to {row.to_name or 'whoever takes it'}."
        path = f"{reverse('room', args=[incident.pk])}handoff/"
        found.append(
            Waiting(f"h{row.pk}", "handoff", incident, text, "Read the note", path, row.check_at)
        )
    return found


def list_waiting(user: "User") -> list[Waiting]:
    """Return what waits for a person: decisions, then handoffs, then questions. Four queries."""
    if not can_respond(user):
        return []
    return [*_actions(user), *_handoffs(user), *_judgements(user), *_questions()]


def count_waiting(user: "User") -> int:
    """Return how many things wait for a person, without what they snoozed."""
    snoozed = snoozed_incidents(user)
    return sum(item.incident.pk not in snoozed for item in list_waiting(user))


def read_inbox(user: "User", wanted: InboxFilter) -> Inbox:
    """Return a person's inbox. A constant number of queries."""
    snoozed = snoozed_incidents(user)
    every = list_active(severity=wanted.severity, service=wanted.service, lead=wanted.lead)
    shown = wanted.with_snoozed
    active = tuple(r for r in every if shown or r.incident.pk not in snoozed)
    waiting = tuple(w for w in list_waiting(user) if shown or w.incident.pk not in snoozed)
    return Inbox(waiting, active, tuple(list_changes(user)), snoozed, len(snoozed))
