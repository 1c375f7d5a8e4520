"""Diagnoses: what a reconciliation concluded, once per step."""

from dataclasses import dataclass, field, replace
from functools import partial

from django.db import transaction
from django.db.models import Max

from investigations.domain.journal import Fence, writing
from investigations.enums import BoardEventKind, DiagnosisVerdict
from investigations.errors import EvidenceRejected
from investigations.models import Diagnosis
from investigations.queries.objects import diagnosis_object
from investigations.signals import diagnosis_accepted

Facts = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class DiagnosisDraft:
    """A verdict about to be published. See :class:`investigations.models.Diagnosis`."""

    verdict: DiagnosisVerdict
    summary: str
    happening: str = ""
    hypothesis_id: int | None = None
    resource: str = ""
    fault_class: str = ""
    change_id: str = ""
    confidence: float | None = None
    claim: dict[str, object] = field(default_factory=dict)
    sources_answered: int = 0
    sources_asked: int = 0
    cited: list[int] = field(default_factory=list)
    rules: Facts = field(default_factory=list)
    gaps: Facts = field(default_factory=list)
    dissent: Facts = field(default_factory=list)
    agreement: list[str] = field(default_factory=list)
    would_change: str = ""
    next_steps: list[str] = field(default_factory=list)
    causal_chain: Facts = field(default_factory=list)
    contributing: Facts = field(default_factory=list)
    treatments: Facts = field(default_factory=list)
    comes_back: bool = False
    blamed: dict[str, object] = field(default_factory=dict)
    steered_by: list[int] = field(default_factory=list)


def reach_diagnosis(
    *,
    investigation_id: int,
    draft: DiagnosisDraft,
    step_key: str,
    author: str,
    fence: Fence | None = None,
) -> Diagnosis:
    """Publish a diagnosis. Idempotent by ``step_key``.

    Emits: ``diagnosis_accepted`` after commit when the verdict is a likely cause.

    Raises:
        EvidenceRejected: A likely cause cites no evidence, or evidence that is not on the board.
    """
    with writing(investigation_id, fence=fence) as board:
        diagnoses = board.investigation.diagnoses
        known = diagnoses.filter(step_key=step_key).select_related("hypothesis").first()
        if known is not None:
            return known
        on_board = set(
            board.investigation.evidence.filter(number__in=draft.cited).values_list(
                "number", flat=True
            )
        )
        if set(draft.cited) - on_board:
            raise EvidenceRejected("The diagnosis cites evidence that is not on the board.")
        if draft.verdict == DiagnosisVerdict.LIKELY_CAUSE and not draft.cited:
            raise EvidenceRejected("A likely cause must cite evidence.")
        draft = replace(draft, steered_by=_steered_by(diagnoses.order_by("-number").first(), draft))
        last = diagnoses.aggregate(last=Max("number"))["last"] or 0
        diagnosis = Diagnosis.objects.create(
            investigation=board.investigation,
            number=last + 1,
            step_key=step_key,
            reached_at=board.now,
            **{name: getattr(draft, name) for name in DiagnosisDraft.__slots__},
        )
        board.record(
            BoardEventKind.DIAGNOSIS_REACHED,
            author=author,
            sentence=f"{diagnosis.get_verdict_display()}: {diagnosis.summary}",
            upsert={"diagnoses": {f"D{diagnosis.number}": diagnosis_object(diagnosis)}},
        )
        if diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE:
            transaction.on_commit(
                partial(
                    diagnosis_accepted.send_robust,
                    sender=Diagnosis,
                    investigation_id=investigation_id,
                    diagnosis_id=diagnosis.pk,
                )
            )
    return diagnosis


def _steered_by(before: Diagnosis | None, draft: DiagnosisDraft) -> list[int]:
    """Return who steered to this cause: a round that only finds it again makes nobody its author."""
    cause = (draft.verdict, draft.resource, draft.fault_class)
    if before is not None and (before.verdict, before.resource, before.fault_class) == cause:
        return list(before.steered_by)
    return draft.steered_by
