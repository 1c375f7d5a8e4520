"""Hypotheses: posting, classifying, ruling out, and the reconciler's assessments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from investigations.domain.audit import record_audit
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.domain.transitions import move
from investigations.enums import (
    BoardEventKind,
    HypothesisState,
    StanceKind,
    TestVerdict,
)
from investigations.errors import BoardError, NotFound
from investigations.models import Hypothesis, Stance
from investigations.phrases import out_by_person, shared_with
from investigations.queries.objects import (
    BoardObject,
    hypothesis_object,
    stance_key,
    stance_object,
)
from investigations.signals import board_touched
from investigations.typed_text import refuse_longer, without_reordering
from telemetry.phrasing import counted

if TYPE_CHECKING:
    from django.contrib.auth.models import User


# A smaller change of a probability is not worth a sentence.
TOLD_CHANGE = 0.05
MAX_RULED_OUT = 500


@dataclass(frozen=True, slots=True)
class StanceDraft:
    """What a piece of evidence says of a hypothesis. Positive decibans support."""

    evidence_id: int
    hypothesis_id: int
    weight_decibans: float
    rule: str = ""

    @property
    def kind(self) -> StanceKind:
        """Less than a deciban either way does not separate."""
        if self.weight_decibans >= 1.0:
            return StanceKind.SUPPORTS
        if self.weight_decibans <= -1.0:
            return StanceKind.REFUTES
        return StanceKind.NEUTRAL


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where the reconciler puts one hypothesis. ``posterior`` is clamped to 0.01..0.99."""

    hypothesis_id: int
    state: HypothesisState
    verdict: TestVerdict
    prior: float | None
    posterior: float | None
    note: str = ""
    ruled_out_by: str = ""


def touch_after_commit(investigation_id: int) -> None:
    """Tell the agents, after commit, that a person changed something."""
    transaction.on_commit(
        partial(
            board_touched.send_robust,
            sender=Hypothesis,
            investigation_id=investigation_id,
        )
    )


def write_hypothesis(
    board: BoardWriter, hypothesis: Hypothesis, *, author: str, sentence: str
) -> None:
    """Tell the board how a hypothesis stands now."""
    board.record(
        BoardEventKind.HYPOTHESIS_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"hypotheses": {f"H{hypothesis.number}": hypothesis_object(hypothesis)}},
    )


def propose_hypothesis(
    *,
    investigation_id: int,
    claim: str,
    author: str,
    resource: str = "",
    fault_class: str = "",
    change_id: str = "",
    note: str = "",
    posted_by: "User | None" = None,
    fence: Fence | None = None,
) -> Hypothesis:
    """Put a candidate cause on the board.

    Idempotent: the same (resource, fault class), or for a free claim the same words, returns the
    hypothesis that is there. A person's post wakes the agents. ``note`` is shown beside the claim.

    Raises:
        BoardError: The claim is empty or longer than 500 characters.
    """
    # What turns round the words after it is nothing that anybody means.
    words = " ".join(without_reordering(claim).split())
    if not words:
        raise BoardError("Say what you think it is.")
    if len(words) > 500:
        raise BoardError(f"A hypothesis may have 500 characters. Yours has {len(words)}.")
    with writing(investigation_id, fence=fence) as board:
        rivals = board.investigation.hypotheses
        known = (
            rivals.filter(resource=resource, fault_class=fault_class).first()
            if fault_class
            else rivals.filter(claim__iexact=words).first()
        )
        if known is None:
            last = rivals.aggregate(last=Max("number"))["last"] or 0
            known = Hypothesis.objects.create(
                investigation=board.investigation,
                number=last + 1,
                claim=words,
                resource=resource,
                fault_class=fault_class,
                change_id=change_id,
                note=note[:500],
                author=author,
                posted_by=posted_by,
                posted_at=board.now,
            )
            sentence = f"H{known.number} proposed: {words}"
            write_hypothesis(board, known, author=author, sentence=sentence)
        if posted_by is not None:
            record_audit(
                actor=author,
                verb="hypothesis.posted",
                subject=f"investigation/{investigation_id}/H{known.number}",
                detail={"claim": words},
            )
            touch_after_commit(investigation_id)
    return known


def told_of_post(row: Hypothesis, *, user: "User") -> str:
    """Return what became of a person's words: a hypothesis of theirs, or one that says the same."""
    if row.posted_by_id != user.pk:
        return f"H{row.number} says so already: {row.get_state_display().lower()}."
    return f"H{row.number} posted. Its card tells what the agents make of it."


def classify_hypothesis(
    *,
    hypothesis_id: int,
    resource: str,
    fault_class: str,
    note: str,
    author: str,
    remark: str = "",
    fence: Fence | None = None,
) -> Hypothesis:
    """Say what resource and fault class a person's words mean, so that they can be tested.

    If another hypothesis already stands for that cause, the words stay a free claim whose note
    points to it. ``remark``: how they were taken where they leave a choice. Idempotent.
    """
    investigation_id = investigation_of(hypothesis_id)
    with writing(investigation_id, fence=fence) as board:
        hypothesis = board.investigation.hypotheses.get(pk=hypothesis_id)
        twin = (
            board.investigation.hypotheses.filter(resource=resource, fault_class=fault_class)
            .exclude(pk=hypothesis_id)
            .first()
        )
        if fault_class and twin is not None:
            is_out = twin.state == HypothesisState.RULED_OUT
            told = "tested there, and ruled out" if is_out else "tested there"
            hypothesis.note = f"The same cause as H{twin.number}; {told}. {remark}".strip()[:500]
        else:
            hypothesis.resource, hypothesis.fault_class = resource, fault_class
            hypothesis.note = (f"{note}. {remark}" if remark else note)[:500]
        hypothesis.save(update_fields=["resource", "fault_class", "note"])
        write_hypothesis(
            board,
            hypothesis,
            author=author,
            sentence=f"H{hypothesis.number} read as: {hypothesis.note}",
        )
    return hypothesis


def rule_out_hypothesis(*, hypothesis_id: int, reason: str, user: "User") -> Hypothesis:
    """Rule a hypothesis out on a person's word. It stays visible with the reason.

    Raises:
        BoardError: No reason was given, or it is too long.
        IllegalTransition: It is already ruled out.
    """
    reason = refuse_longer(" ".join(reason.split()), MAX_RULED_OUT, "the reason")
    if not reason:
        raise BoardError("Say why: the agents and the next reader will want to know.")
    author = f"person/{user.get_username()}"
    investigation_id = investigation_of(hypothesis_id)
    with writing(investigation_id) as board:
        hypothesis = board.investigation.hypotheses.get(pk=hypothesis_id)
        if (
            hypothesis.state == HypothesisState.RULED_OUT
            and out_by_person(hypothesis.ruled_out_by)[0]
        ):
            return _out_already(hypothesis, author)
        move(
            hypothesis,
            HypothesisState.RULED_OUT,
            ruled_out_by=f"{author}: {reason}",
        )
        write_hypothesis(
            board,
            hypothesis,
            author=author,
            sentence=f"H{hypothesis.number} ruled out by {user.get_username()}: {reason}",
        )
        record_audit(
            actor=author,
            verb="hypothesis.ruled_out",
            subject=f"investigation/{investigation_id}/H{hypothesis.number}",
            detail={"reason": reason},
        )
        touch_after_commit(investigation_id)
    return hypothesis


def _out_already(hypothesis: Hypothesis, author: str) -> Hypothesis:
    """Return what the same person has ruled out; another's word is not written over."""
    who, why = out_by_person(hypothesis.ruled_out_by)
    if author == f"person/{who}":
        return hypothesis
    raise BoardError(f"H{hypothesis.number} is out already, on {who}'s word: {why}")


def record_stances(
    *,
    investigation_id: int,
    drafts: Sequence[StanceDraft],
    author: str,
    fence: Fence | None = None,
) -> None:
    """Record what evidence says of hypotheses; a newer examination replaces the pair's stance.

    Idempotent: unchanged stances record no event.
    """
    with writing(investigation_id, fence=fence) as board:
        pairs = {(d.evidence_id, d.hypothesis_id): d for d in drafts}
        known = {
            (s.evidence_id, s.hypothesis_id): s
            for s in Stance.objects.filter(
                hypothesis__investigation_id=investigation_id
            ).select_related("evidence", "hypothesis")
        }
        fresh = [
            Stance(
                evidence_id=d.evidence_id,
                hypothesis_id=d.hypothesis_id,
                kind=d.kind,
                weight_decibans=d.weight_decibans,
                rule=d.rule[:200],
                author=author,
            )
            for pair, d in pairs.items()
            if pair not in known
        ]
        Stance.objects.bulk_create(fresh)
        changed = []
        for pair, draft in pairs.items():
            stance = known.get(pair)
            if stance is None or _same(stance, draft):
                continue
            stance.kind, stance.weight_decibans = draft.kind, draft.weight_decibans
            stance.rule, stance.author = draft.rule[:200], author
            stance.save()
            changed.append(stance.pk)
        ids = [s.pk for s in fresh] + changed
        if not ids:
            return
        rows = Stance.objects.filter(pk__in=ids).select_related("evidence", "hypothesis")
        board.record(
            BoardEventKind.STANCE_RECORDED,
            author=author,
            sentence=f"{counted(len(ids), 'stance')} recorded",
            upsert={"stances": {stance_key(s): stance_object(s) for s in rows}},
        )


def _same(stance: Stance, draft: StanceDraft) -> bool:
    return stance.weight_decibans == draft.weight_decibans and stance.rule == draft.rule[:200]


def record_assessments(
    *,
    investigation_id: int,
    assessments: Sequence[Assessment],
    author: str,
    fence: Fence | None = None,
) -> None:
    """Write the standing of hypotheses after a reconciliation. Unchanged ones record nothing.

    A hypothesis that a person ruled out keeps that state.
    """
    with writing(investigation_id, fence=fence) as board:
        rows = {h.pk: h for h in board.investigation.hypotheses.all()}
        counts = _stance_counts(investigation_id)
        changed: list[Hypothesis] = []
        told: list[str] = []
        for item in assessments:
            hypothesis = rows[item.hypothesis_id]
            before = hypothesis_object(hypothesis)
            supports, refutes = counts.get(hypothesis.pk, (0, 0))
            is_by_person = hypothesis.ruled_out_by.startswith("person/")
            state = HypothesisState.RULED_OUT if is_by_person else item.state
            posterior = None if item.posterior is None else min(0.99, max(0.01, item.posterior))
            move(
                hypothesis,
                state,
                verdict=item.verdict,
                prior=item.prior,
                posterior=posterior,
                note=(item.note or hypothesis.note)[:500],
                ruled_out_by=hypothesis.ruled_out_by if is_by_person else item.ruled_out_by[:400],
                supports_count=supports,
                refutes_count=refutes,
            )
            if hypothesis_object(hypothesis) != before:
                changed.append(hypothesis)
                told.append(_told(hypothesis, before))
        if changed:
            board.record(
                BoardEventKind.HYPOTHESIS_CHANGED,
                author=author,
                sentence="; ".join(told)[:600],
                upsert={"hypotheses": {f"H{h.number}": hypothesis_object(h) for h in changed}},
            )


def _told(hypothesis: Hypothesis, before: BoardObject) -> str:
    """Return in words how a hypothesis' standing has changed."""
    name, state = f"H{hypothesis.number}", hypothesis.get_state_display().lower()
    was, now = before["posterior"], hypothesis.posterior
    if now is None:
        return f"{name} {state}"
    if hypothesis.state != HypothesisState.RULED_OUT and (part := shared_with(hypothesis.note)):
        return f"{name} stands and falls with H{part.rpartition('H')[2]}, {now:.0%}: it is {part}"
    moved = ""
    if isinstance(was, float) and abs(now - was) >= TOLD_CHANGE:
        verb = "strengthened" if now > was else "weakened"
        moved = f" {verb} to {now:.0%} (was {was:.0%})"
    if before["state"] == hypothesis.state:
        return f"{name}{moved}" if moved else f"{name} {state}, {now:.0%}"
    if HypothesisState.LEADING in {before["state"], hypothesis.state}:
        verb = "now leads" if hypothesis.state == HypothesisState.LEADING else "no longer leads"
        return f"{name} {verb}{moved or f', {now:.0%}'}"
    return f"{name} {state}{moved or f', {now:.0%}'}"


def _stance_counts(investigation_id: int) -> dict[int, tuple[int, int]]:
    counts: dict[int, tuple[int, int]] = {}
    rows = Stance.objects.filter(hypothesis__investigation_id=investigation_id)
    for hypothesis_id, kind in rows.values_list("hypothesis_id", "kind"):
        supports, refutes = counts.get(hypothesis_id, (0, 0))
        counts[hypothesis_id] = (
            supports + (kind == StanceKind.SUPPORTS),
            refutes + (kind == StanceKind.REFUTES),
        )
    return counts


def investigation_of(hypothesis_id: int) -> int:
    """Return the id of the investigation that a hypothesis is of."""
    found = Hypothesis.objects.filter(pk=hypothesis_id).values_list("investigation_id", flat=True)
    if not found:
        raise NotFound("There is no such hypothesis.")
    return found[0]
