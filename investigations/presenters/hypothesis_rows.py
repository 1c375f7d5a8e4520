"""The hypothesis column: ranked rows, and what is part of a cause put under it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from investigations.enums import DiagnosisVerdict, HypothesisState, TestVerdict
from investigations.models import Hypothesis
from investigations.phrases import out_by_person, plain_rule, shared_with
from investigations.presenters import words
from investigations.presenters.rivals import Rivalry, leading_number, rivalry_of
from investigations.queries.rows import BoardRows

# What happens to a hypothesis that has not been tested, by the state of the run.
TESTING = {
    "pending": "its test comes next", "gathering": "its test comes next",
    "examining": "being tested now", "reconciling": "being weighed now",
}  # fmt: skip
KILLER = re.compile(r"^E(\d+): (.*)$")


@dataclass(frozen=True, slots=True)
class HypothesisView:
    """One row of the hypothesis column. ``parts``: what stands and falls with it, no rivals of it."""

    row: Hypothesis
    word: str
    number: str
    bar: int
    by: str
    testing: str
    killer: int | None
    why_out: str
    rivalry: Rivalry
    parts: tuple["HypothesisView", ...] = ()

    @property
    def likelihood(self) -> str:
        """Word and number, or that it was not tested."""
        return words.likelihood(self.row.posterior)

    @property
    def shared(self) -> str:
        """With which hypothesis it stands and falls (``part of H1``); empty for a rival."""
        return "" if self.row.posterior is None else shared_with(self.row.note)

    @property
    def is_untold(self) -> bool:
        """Whether it was read, and nothing here speaks for or against it: its note says why."""
        return self.row.posterior is None and self.row.state == HypothesisState.INCONCLUSIVE

    @property
    def is_out(self) -> bool:
        """Whether it was ruled out."""
        return self.row.state == HypothesisState.RULED_OUT

    @property
    def is_out_by_person(self) -> bool:
        """Whether a person's word alone keeps it out."""
        return self.is_out and bool(out_by_person(self.row.ruled_out_by)[0])


def hypotheses_of(board: BoardRows) -> list[HypothesisView]:
    """Rank the leader, then by fewest contradictions; the untested and the ruled out come last.

    Without a verdict the likeliest come first: which of them it is, is what people ask then.
    """
    found = board.diagnosis
    is_undecided = found is not None and found.verdict == DiagnosisVerdict.INCONCLUSIVE

    def order(row: Hypothesis) -> tuple[bool, bool, bool, int, float, int]:
        return (
            row.state == HypothesisState.RULED_OUT, row.posterior is None,
            row.state != HypothesisState.LEADING, 0 if is_undecided else row.refutes_count,
            -(row.posterior or 0.0), row.number,
        )  # fmt: skip

    testing, leader = TESTING.get(board.investigation.state, ""), leading_number(board.diagnosis)
    return [
        _hypothesis(row, testing, rivalry_of(row, board.weights, leader))
        for row in sorted(board.hypotheses, key=order)
    ]


def _hypothesis(row: Hypothesis, testing: str, rivalry: Rivalry) -> HypothesisView:
    word, _, number = words.likelihood(row.posterior).partition(", ")
    why = plain_rule(row.ruled_out_by)
    killer = KILLER.match(why)
    return HypothesisView(
        row=row,
        word=word,
        number=number,
        bar=round((row.posterior or 0.0) * 100),
        by=_by(row.author),
        testing=testing if row.verdict == TestVerdict.UNTESTED else "",
        killer=int(killer[1]) if killer else None,
        why_out=killer[2] if killer else why.removeprefix("person/"),
        rivalry=rivalry,
    )


def nested(views: Sequence[HypothesisView]) -> tuple[HypothesisView, ...]:
    """Return the hypotheses with those that are part of one, or the same, put under it.

    One whose whole is not there, or is ruled out, stands by itself.
    """
    by_number = {v.row.number: v for v in views if not v.is_out}
    under: dict[int, list[HypothesisView]] = defaultdict(list)
    for view in views:
        whole, seen = view, {view.row.number}
        while whole.shared and not whole.is_out:
            number = int(whole.shared.rpartition("H")[2])
            if number in seen or number not in by_number:
                break
            seen.add(number)
            whole = by_number[number]
        under[whole.row.number].append(view)
    return tuple(
        replace(v, parts=tuple(p for p in under[v.row.number] if p is not v))
        for v in views if any(p is v for p in under[v.row.number])
    )  # fmt: skip


def _by(author: str) -> str:
    """Return who posted a hypothesis, where it was not the rules."""
    if author == "agent/model":
        return "a language model, tested by the rules"
    return author.partition("/")[2] if author.startswith("person/") else ""
