"""Taking back that a person ruled a hypothesis out."""

from typing import TYPE_CHECKING

from investigations.domain.audit import record_audit
from investigations.domain.hypotheses import (
    investigation_of,
    touch_after_commit,
    write_hypothesis,
)
from investigations.domain.journal import writing
from investigations.domain.transitions import move
from investigations.enums import HypothesisState
from investigations.errors import BoardError
from investigations.models import Hypothesis
from investigations.phrases import out_by_person

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def readmit_hypothesis(*, hypothesis_id: int, user: "User") -> Hypothesis:
    """Let a hypothesis that a person ruled out be weighed again; the agents begin another round.

    Raises:
        BoardError: It is not out, or the evidence ruled it out and no person.
    """
    author = f"person/{user.get_username()}"
    investigation_id = investigation_of(hypothesis_id)
    with writing(investigation_id) as board:
        row = board.investigation.hypotheses.get(pk=hypothesis_id)
        if row.state != HypothesisState.RULED_OUT:
            raise BoardError(f"H{row.number} is not ruled out: there is nothing to take back.")
        who, why = out_by_person(row.ruled_out_by)
        if not who:
            raise BoardError(
                f"The evidence ruled H{row.number} out, no person did: challenge that card instead."
            )
        move(row, HypothesisState.OPEN, ruled_out_by="")
        write_hypothesis(
            board, row, author=author,
            sentence=f"H{row.number} can be true again: {user.get_username()} takes back that {who} "
            f"ruled it out",
        )  # fmt: skip
        record_audit(
            actor=author, verb="hypothesis.readmitted",
            subject=f"investigation/{investigation_id}/H{row.number}",
            detail={"was_ruled_out_by": who, "reason": why},
        )  # fmt: skip
        touch_after_commit(investigation_id)
    return row
