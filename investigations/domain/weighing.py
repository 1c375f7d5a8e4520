"""People weigh evidence differently than the rules: recorded beside them, never mixed in."""

from typing import TYPE_CHECKING

from investigations.domain.audit import record_audit
from investigations.domain.incidents import read_reason, refuse_merged
from investigations.domain.journal import writing
from investigations.enums import BoardEventKind, StanceKind
from investigations.errors import BoardError
from investigations.models import Evidence, Hypothesis, PersonView, Stance
from investigations.queries.objects import view_key, view_object

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAYS = {
    StanceKind.SUPPORTS: "supports", StanceKind.REFUTES: "refutes",
    StanceKind.NEUTRAL: "says nothing of",
}  # fmt: skip


def weigh_differently(
    *, evidence: Evidence, hypothesis: Hypothesis, kind: str, reason: str, user: "User"
) -> PersonView:
    """Record what a person thinks that a piece of evidence says of a hypothesis.

    The rules' weight, and the consensus that follows from it, stay as they are; the view is shown as
    dissent. A later one replaces the person's earlier one; the same again changes nothing. Requires:
    ``can_respond`` was checked. Event: ``view_recorded``.

    Raises:
        BoardError: No reason, an unknown stance, two boards, or the rules say the very same.
    """
    reason = read_reason(reason.strip())
    if kind not in SAYS:
        raise BoardError("Choose whether it supports, refutes, or says nothing.")
    if not reason:
        raise BoardError("Say why: others can only weigh your view by its reason.")
    if hypothesis.investigation_id != evidence.investigation_id:
        raise BoardError("They are on different boards.")
    with writing(evidence.investigation_id) as board:
        refuse_merged(board.investigation.incident)
        stance = Stance.objects.filter(evidence=evidence, hypothesis=hypothesis).first()
        if kind == (stance.kind if stance else StanceKind.NEUTRAL):
            raise BoardError(
                f"The rules say so too: E{evidence.number} {SAYS[StanceKind(kind)]} "
                f"H{hypothesis.number}. There is nothing to weigh differently."
            )
        author = f"person/{user.get_username()}"
        known = PersonView.objects.filter(evidence=evidence, hypothesis=hypothesis, person=user)
        view = known.first()
        if view and (view.kind, view.reason, view.withdrawn_at) == (kind, reason, None):
            return view
        view, _ = PersonView.objects.update_or_create(
            evidence=evidence, hypothesis=hypothesis, person=user,
            defaults={"kind": kind, "reason": reason, "author": author, "recorded_at": board.now,
                      "withdrawn_at": None},
        )  # fmt: skip
        board.record(
            BoardEventKind.VIEW_RECORDED, author=author,
            sentence=f"{user.get_username()} weighs E{evidence.number} differently: it "
                     f"{SAYS[StanceKind(kind)]} H{hypothesis.number}, because {reason}",
            upsert={"views": {view_key(view): view_object(view)}},
        )  # fmt: skip
        record_audit(actor=author, verb="stance.weighed", subject=f"evidence/{evidence.pk}",
                     detail={"hypothesis": hypothesis.number, "kind": kind, "reason": reason})  # fmt: skip
    return view


def withdraw_view(*, evidence: Evidence, hypothesis: Hypothesis, user: "User") -> None:
    """Take a person's own view back. Idempotent. Event: ``view_recorded``."""
    with writing(evidence.investigation_id) as board:
        view = PersonView.objects.filter(
            evidence=evidence, hypothesis=hypothesis, person=user, withdrawn_at=None
        ).first()
        if view is None:
            return
        view.withdrawn_at = board.now
        view.save(update_fields=["withdrawn_at"])
        author = f"person/{user.get_username()}"
        board.record(
            BoardEventKind.VIEW_RECORDED, author=author,
            sentence=f"{user.get_username()} takes back the view of E{evidence.number} "
                     f"on H{hypothesis.number}",
            upsert={"views": {view_key(view): view_object(view)}},
        )  # fmt: skip
        record_audit(actor=author, verb="stance.view_withdrawn", subject=f"evidence/{evidence.pk}",
                     detail={"hypothesis": hypothesis.number})  # fmt: skip
