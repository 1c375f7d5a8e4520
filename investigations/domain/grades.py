"""Grading diagnoses: by people, and by what became of the action that treated them."""

from django.contrib.auth.models import User

from investigations.domain.audit import record_audit
from investigations.domain.journal import writing
from investigations.enums import BoardEventKind, GradeSource, GradeValue
from investigations.errors import BoardError
from investigations.models import Diagnosis, Grade
from investigations.queries.objects import grade_key, grade_object
from investigations.typed_text import refuse_longer

MAX_NOTE = 500


def grade_by_person(
    *, investigation_id: int, value: GradeValue, user: User, note: str = ""
) -> Grade:
    """Say whether the newest diagnosis named the cause. A later grade replaces an earlier one.

    Raises:
        BoardError: Nothing has been concluded that could be right or wrong, or the note is too long.
    """
    note = refuse_longer(note.strip(), MAX_NOTE, "the note")
    with writing(investigation_id) as board:
        diagnosis = board.investigation.diagnoses.order_by("-number").first()
        if diagnosis is None or not diagnosis.claim:
            raise BoardError("There is no diagnosis with a leading cause to grade yet.")
        author = f"person/{user.get_username()}"
        grade, _ = Grade.objects.update_or_create(
            diagnosis=diagnosis, source=GradeSource.PERSON,
            defaults={"value": value, "author": author, "note": note, "graded_at": board.now},
        )  # fmt: skip
        board.record(
            BoardEventKind.DIAGNOSIS_GRADED, author=author,
            sentence=f"D{diagnosis.number} graded by {user.get_username()}: "
                     f"{grade.get_value_display()}. {grade.note}".strip(),
            upsert={"grades": {grade_key(grade): grade_object(grade)}},
        )  # fmt: skip
        record_audit(actor=author, verb="diagnosis.graded", subject=f"diagnosis/{diagnosis.pk}",
                     detail={"value": value.value, "note": note})  # fmt: skip
    return grade


def grade_by_outcome(*, diagnosis_id: int, helped: bool, reason: str) -> Grade | None:
    """Grade a diagnosis by the action that treated it: verified, or not. Idempotent.

    A treatment that did not help grades the diagnosis wrong only until a person says otherwise.
    Joins the caller's transaction. Event: ``diagnosis_graded``, when the grade is new.
    """
    diagnosis = Diagnosis.objects.filter(pk=diagnosis_id).first()
    if diagnosis is None or not diagnosis.claim:
        return None
    value = GradeValue.RIGHT if helped else GradeValue.WRONG
    said = {"value": value, "author": "system", "note": reason[:500]}
    with writing(diagnosis.investigation_id) as board:
        rows = Grade.objects.filter(diagnosis=diagnosis, source=GradeSource.OUTCOME)
        known = rows.filter(**said).first()
        if known is not None:
            return known
        grade, _ = rows.update_or_create(
            diagnosis=diagnosis, source=GradeSource.OUTCOME,
            defaults={**said, "graded_at": board.now},
        )  # fmt: skip
        board.record(
            BoardEventKind.DIAGNOSIS_GRADED, author="system",
            sentence=f"D{diagnosis.number} graded {value.label} by what came of {grade.note}",
            upsert={"grades": {grade_key(grade): grade_object(grade)}},
        )  # fmt: skip
    return grade
