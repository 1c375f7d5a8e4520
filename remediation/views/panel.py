"""Actions as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, When

from investigations.enums import DiagnosisVerdict
from investigations.models import Investigation
from investigations.presenters import words
from investigations.presenters.answers import coverage_of
from investigations.presenters.consensus import CitedSentence, blamed_of, out_by_hand
from remediation.catalog.registry import CATALOG
from remediation.domain.assurance import compared
from remediation.domain.options import is_beside
from remediation.domain.transitions import is_unjudged, treats
from remediation.enums import ActionState, Decision, Risk
from remediation.guardrails.base import Ruling, Situation
from remediation.guardrails.evaluate import blocking_sentence, evaluate, passes_by_itself
from remediation.models import Action, ActionFeedback, Approval, FeedbackValue, KillSwitch
from telemetry.phrasing import quantity
from telemetry.results import canonical

SHOWN = 5
# What ended before anything ran: nothing is to be done about it, and nothing came of it.
FOLDED = (ActionState.DENIED, ActionState.EXPIRED, ActionState.SUPERSEDED, ActionState.STALE)
UNDOABLE = (ActionState.VERIFYING, ActionState.INCONCLUSIVE)
# The names of what a plan says will be checked.
CHECKS = ("range", "samples", "if_well_before")
# So many letters of a title fit on a button of the narrowest column.
ONE_LINE = 48


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """One measured line of a card, as text."""

    name: str
    before: str
    latest: str
    normal: str
    inside: str


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of how sure an action is, as text."""

    name: str
    value: str
    weight: str
    told: str


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """What is expected of an action (and, once known, what came), how surely, how it can fail."""

    told: str
    total: str
    parts: tuple[PartView, ...]
    fails_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChecksView:
    """What verification looks at: what must hold, and what decides where that held already."""

    must_hold: str
    if_well_before: str


@dataclass(frozen=True, slots=True)
class ActionView:
    """One action card."""

    row: Action
    touches: str
    sends: str
    undo_sends: str
    approvals: int
    expires: str
    rulings: tuple[Ruling, ...]
    measurements: tuple[MeasuredView, ...]
    is_waiting: bool
    own: bool
    asked_for: bool
    steered: bool
    confirm: str
    expected: ExpectedView
    undo_tried: bool
    by_hand: str

    @property
    def checks(self) -> ChecksView:
        """What verification looks at; plans of earlier versions name nothing, and list it in order."""
        told = self.row.checks
        named = told if isinstance(told, dict) else dict(zip(CHECKS, told, strict=False))
        first, second, last = (str(named.get(name, "")) for name in CHECKS)
        return ChecksView("; ".join(text for text in (first, second) if text), last)

    @property
    def waits_for(self) -> str:
        """What its verification still waits for; empty where nothing is being verified."""
        run = getattr(self.row, "verification", None)
        if self.row.state != ActionState.VERIFYING or run is None:
            return ""
        if run.note:
            # All may be in range: it was so before, and says nothing.
            return (
                f"{run.note} Until {run.deadline:%H:%M:%SZ} it waits for something that was wrong before "
                "the change and is well since; then a person must judge."
            )
        every = f"one every {run.step_seconds:.0f} s" if run.step_seconds else "as they come"
        return (
            f"Waits for {settings.VERIFY_SAMPLES} new samples in a row in their normal range, "
            f"{every}, from {run.settle_until:%H:%M:%SZ} on; decides by {run.deadline:%H:%M:%SZ}."
        )

    @property
    def is_folded(self) -> bool:
        """Whether it ended before it began: beside others it takes a line, so that it looks like none that waits."""
        return self.row.state in FOLDED

    @property
    def denied(self) -> Approval | None:
        """Who denied it, when and why."""
        return next((a for a in self.row.approvals.all() if a.decision == Decision.DENY), None)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """What a person may say of it with one click; more words are on its page."""
        return (FeedbackValue.HELPED, "It helped"), (FeedbackValue.NEUTRAL, "It did not help")

    @property
    def standing(self) -> str:
        """Where it stands; of what could not be measured, whether a person has judged it."""
        is_judged = self.row.state == ActionState.INCONCLUSIVE and hasattr(self.row, "outcome")
        return "inconclusive: judged by people" if is_judged else self.row.get_state_display()

    @property
    def risk(self) -> str:
        """Its class; of one that could run alone where it has earned it, that it has not."""
        text = f"{self.row.get_risk_display()} risk"
        is_green = self.row.risk == Risk.GREEN and self.is_waiting
        return f"{text}, but not trusted to run alone here" if is_green else text

    @property
    def needs_judging(self) -> bool:
        """Whether nobody could measure what it did, and no person has said it yet."""
        return is_unjudged(self.row)

    @property
    def can_be_undone(self) -> bool:
        """Whether a person may still take it back: it is not judged, and nobody tried."""
        is_open = self.row.state in UNDOABLE and not self.undo_tried
        return is_open and bool(self.row.undo_payload)

    @property
    def asks_why(self) -> bool:
        """Whether taking it back ends its verification: a reason is asked for then."""
        return self.row.state == ActionState.VERIFYING

    @property
    def cause(self) -> str:
        """What it treats; empty where the diagnosis rests on no hypothesis, or does not ask for it."""
        hypothesis = self.row.diagnosis.hypothesis if treats(self.row) else None
        return hypothesis.claim if hypothesis else ""

    @property
    def is_beside(self) -> bool:
        """Whether a person asked for what the rules do not name for the cause found."""
        return not treats(self.row)

    @property
    def blamed(self) -> CitedSentence | None:
        """The change that this cause blames, with its evidence, if it blames one."""
        return blamed_of(self.row.diagnosis) if self.cause else None

    @property
    def asked_by(self) -> str:
        """Who asked for it, and what it is to the cause found; empty of what the agents planned."""
        person = self.row.requested_by
        if person is None:
            return ""
        if not self.is_beside:
            return f"Asked for by {person.get_username()}; the rules name it for this cause too."
        if self.row.diagnosis.verdict != DiagnosisVerdict.LIKELY_CAUSE:
            return (
                f"Asked for by {person.get_username()}. There was no likely cause yet, so the rules can "
                "name nothing that treats it: whether this does is for people to judge."
            )
        own = [o["name"] for o in self.row.options if is_beside(o)]
        told = f" By the rules what treats it is: {', '.join(own)}." if own else ""
        return f"Asked for by {person.get_username()}: no treatment of the likely cause by the rules.{told}"

    @property
    def sure(self) -> str:
        """How likely that cause is."""
        return words.likelihood(self.row.diagnosis.confidence)

    @property
    def coverage(self) -> str:
        """What could be asked at all, in a sentence of its own."""
        return coverage_of(self.row.diagnosis)

    @property
    def budget(self) -> str:
        """What is left of the error budgets that it touches; empty where none is set."""
        if not self.row.blast.get("budgets"):
            return ""
        return next((r.reason for r in self.rulings if r.guardrail == "error budget"), "")

    @property
    def blocked(self) -> str:
        """Why nobody can approve it now; empty where somebody can."""
        return blocking_sentence(self.rulings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an approval gives away, where it can be given."""
        return () if self.blocked else tuple(r.warns for r in self.rulings if r.warns)

    @property
    def brief_warnings(self) -> tuple[str, ...]:
        """Their first sentences: the card is short, its page says the rest."""
        return tuple(f"{text.partition('. ')[0].rstrip('.')}." for text in self.warnings)

    @property
    def way_out(self) -> str:
        """What is left where only a limit on changes blocks it: time, or a person's own hands."""
        if not passes_by_itself(self.rulings):
            return ""
        again = "ask for it again" if self.row.requested_by_id else "it is planned anew"
        return f"If its time is up before, {again}. Sooner only by hand: its command is above."

    @property
    def is_followed(self) -> bool:
        """Whether the page of the action asks again by itself: it is decided, or blocked, not over.

        Never while it can be approved: what was read is what is decided on. Such a page only asks
        whether it still is.
        """
        return bool(self.blocked) if self.is_waiting else not self.row.is_final


def list_actions(investigation: Investigation, *, now: datetime, person_id: int | None
                 ) -> list[ActionView]:  # fmt: skip
    """Return the investigation's actions: what waits for people first, what never ran last.

    Of what waits, that which treats the cause found leads, the oldest first: as in what is told to be
    done next. Guardrails are judged for what waits.
    """
    rows = investigation.actions.select_related(
        "diagnosis__hypothesis", "verification", "outcome", "requested_by"
    ).prefetch_related("approvals__person", "executions", "investigation__hypotheses")
    is_waiting = Q(state=ActionState.PROPOSED)
    place = Case(
        When(is_waiting, requested_by=None, then=0), When(is_waiting, then=1),
        When(state__in=FOLDED, then=3), default=2,
    )  # fmt: skip
    within = Case(When(is_waiting, then=F("number")), default=-F("number"))
    found = [
        view_of(row, now=now, person_id=person_id) for row in rows.order_by(place, within)[:SHOWN]
    ]
    return sorted(found, key=lambda a: (not a.is_waiting, a.is_waiting and a.is_beside))


def view_of(row: Action, *, now: datetime, person_id: int | None) -> ActionView:
    """Return one action's card."""
    is_waiting = row.state == ActionState.PROPOSED
    verification = getattr(row, "verification", None)
    hypothesis = row.diagnosis.hypothesis
    return ActionView(
        row=row,
        sends=canonical(row.payload).decode(),
        undo_sends=canonical(row.undo_payload).decode() if row.undo_payload else "",
        touches=_touches(row),
        approvals=sum(a.decision == Decision.APPROVE for a in row.approvals.all()),
        expires=words.until(row.approval_expires_at, now),
        rulings=_rulings(row, now) if is_waiting else (),
        measurements=tuple(_measured(m, row.snapshot) for m in verification.measurements)
        if verification
        else (),
        is_waiting=is_waiting,
        own=bool(hypothesis and hypothesis.posted_by_id and hypothesis.posted_by_id == person_id),
        asked_for=bool(row.requested_by_id and row.requested_by_id == person_id),
        steered=person_id in row.diagnosis.steered_by,
        confirm=f"Approve: {_short(row)}",
        expected=_expected(row),
        undo_tried=_was_undo_tried(row),
        by_hand=out_by_hand(row.investigation.hypotheses.all()) if is_waiting else "",
    )


def _rulings(row: Action, now: datetime) -> tuple[Ruling, ...]:
    return tuple(evaluate(Situation(row, now, row.investigation.incident.environment)))


def _was_undo_tried(row: Action) -> bool:
    is_asked = row.state in UNDOABLE
    return is_asked and any(e.is_undo for e in row.executions.all())


def _touches(row: Action) -> str:
    touched, total = row.blast.get("touched_pods", 0), row.blast.get("total_pods", 0)
    return f"{touched} of {total} pods ({touched / total if total else 0.0:.0%}), cap 20%"


def _short(row: Action) -> str:
    """Return what a button says: the title, or the kind and the target where that takes two lines."""
    if len(row.title) > ONE_LINE:
        return f"{row.kind.replace('_', ' ')} of {row.target.rpartition('/')[2]}"
    return f"{row.title[0].lower()}{row.title[1:]}"


def _expected(row: Action) -> ExpectedView:
    parts = row.assurance.get("parts", ())
    return ExpectedView(
        told=compared(row.prediction, getattr(row, "outcome", None)),
        total=f"{row.assurance['total']:.0%}" if parts else "",
        parts=tuple(
            PartView(p["name"], f"{p['value']:.0%}", f"{p['weight']:.0%}", p["told"]) for p in parts
        ),
        fails_by=CATALOG[row.kind].failure_modes if row.kind in CATALOG else (),
    )


def feedback_on(row: Action) -> list[ActionFeedback] | None:
    """Return what people said of an action; None where there is nothing to judge yet."""
    outcome = getattr(row, "outcome", None)
    if is_unjudged(row):
        return []
    return None if outcome is None else list(outcome.feedback.select_related("person")[:50])


def _measured(row: dict[str, Any], planned: Mapping[str, Any]) -> MeasuredView:
    unit, limit = str(row["unit"]), row["limit"]
    latest = row["latest"]
    bound = (
        "within ±" if row.get("is_both_ways") else "at least " if row.get("is_least") else "up to "
    )
    return MeasuredView(
        name=str(row["metric"]).replace("_", " "),
        before=_before(row, unit, planned),
        latest="unknown" if latest is None else quantity(float(latest), unit),
        normal="no baseline" if limit is None else f"{bound}{quantity(float(limit), unit)}",
        inside=str(row.get("standing") or f"{row['inside']} of {row['samples']}"),
    )


def _before(row: dict[str, Any], unit: str, planned: Mapping[str, Any]) -> str:
    """Return how it was right before the act, its value first where that was kept.

    Of the target's pods that is what the plan saw, ``planned``.
    """
    if row["metric"] == "pods_ready" and "ready" in planned:
        return f"{planned['ready']:.0f} when it was planned"
    how, value = str(row.get("before") or "not looked at"), row.get("before_value")
    return how if value is None else f"{quantity(float(value), unit)}, {how}"


def kill_switch_row() -> KillSwitch | None:
    """Return the global switch, with who engaged it."""
    return KillSwitch.objects.select_related("engaged_by").filter(scope="global").first()
