"""The matrix of competing hypotheses: rows sorted by how much they separate."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from investigations.enums import HypothesisState
from investigations.models import Evidence, Hypothesis, Investigation, Stance
from investigations.phrases import plain_rule, shared_with
from investigations.presenters.views import PersonDissent, dissents_of
from investigations.queries.board import views_of
from investigations.queries.objects import view_object

MAX_ROWS = 60
# Rows whose weights differ by less than this tell no hypothesis from another.
SEPARATES_DECIBANS = 3
WORDS = {"++": "strongly for", "+": "for", "·": "says nothing", "−": "against",
         "−−": "strongly against", "=": "stands with another"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """Sign and words of one stance, for one hypothesis by its number."""

    hypothesis: int
    sign: str
    kind: str
    words: str
    title: str
    views: tuple[PersonDissent, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One piece of evidence across all hypotheses."""

    evidence: Evidence
    cells: tuple[Cell, ...]
    separates: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Hypotheses as columns: those in play by fewest contradictions, then the ruled out.

    Totals are (hypothesis, count); None for a part of another: it stands with that one.
    """

    hypotheses: tuple[Hypothesis, ...]
    rows: tuple[MatrixRow, ...]
    against: tuple[tuple[int, int | None], ...]
    supports: tuple[tuple[int, int | None], ...]
    hidden: int
    has_parts: bool


def build_matrix(investigation: Investigation) -> Matrix:
    """Read the matrix in four queries."""
    views: dict[tuple[int, int], list[PersonDissent]] = defaultdict(list)
    for view in dissents_of(view_object(v) for v in views_of(investigation)):
        views[view.evidence, view.hypothesis].append(view)
    viewed = {number for number, _ in views}
    by_pair: dict[int, dict[int, Stance]] = defaultdict(dict)
    for stance in Stance.objects.filter(hypothesis__investigation=investigation):
        by_pair[stance.evidence_id][stance.hypothesis_id] = stance
    hypotheses = sorted(
        Hypothesis.objects.filter(investigation=investigation),
        key=lambda h: (
            h.state == HypothesisState.RULED_OUT,
            h.posterior is None,
            h.refutes_count,
            -(h.posterior or 0.0),
            h.number,
        ),
    )
    parts, rows = _parts_of(hypotheses), []
    held = Q(pk__in=list(by_pair)) | Q(number__in=viewed)
    for evidence in Evidence.objects.filter(held, investigation=investigation):
        said = by_pair[evidence.pk]
        weights = [
            said[h.pk].weight_decibans if h.pk in said else 0.0
            for h in hypotheses if h.number not in parts
        ] or [0.0]  # fmt: skip
        if any(weights) or evidence.number in viewed:
            cells = tuple(
                replace(
                    _cell(said.get(h.pk), h, is_part=h.number in parts),
                    views=tuple(views[evidence.number, h.number]),
                )
                for h in hypotheses
            )
            spread = max(weights) - min(weights) if len(weights) > 1 else abs(weights[0])
            rows.append((spread, MatrixRow(evidence, cells, spread >= SEPARATES_DECIBANS)))
    rows.sort(key=lambda item: (-item[0], item[1].evidence.number))
    return Matrix(
        tuple(hypotheses),
        tuple(row for _, row in rows[:MAX_ROWS]),
        tuple((h.number, None if h.number in parts else h.refutes_count) for h in hypotheses),
        tuple((h.number, None if h.number in parts else h.supports_count) for h in hypotheses),
        max(0, len(rows) - MAX_ROWS),
        bool(parts),
    )


def _parts_of(hypotheses: Sequence[Hypothesis]) -> frozenset[int]:
    """Return the numbers of those that stand and fall with another: their own weights decide nothing.

    As in the room, one whose whole is not there, or is ruled out, stands by itself.
    """
    standing = {h.number: h for h in hypotheses if h.state != HypothesisState.RULED_OUT}
    parts = set()
    for number, row in standing.items():
        shared = shared_with(row.note)
        if row.posterior is not None and shared and int(shared.rpartition("H")[2]) in standing:
            parts.add(number)
    return frozenset(parts)


def _cell(stance: Stance | None, hypothesis: Hypothesis, *, is_part: bool) -> Cell:
    if is_part:
        title = f"H{hypothesis.number} is {shared_with(hypothesis.note)}: stands with it"
        return Cell(hypothesis.number, "=", "neutral", WORDS["="], title)
    weight = stance.weight_decibans if stance else 0.0
    sign = "·"
    if abs(weight) >= 1:
        sign = ("+" if weight > 0 else "−") * (2 if abs(weight) >= 6 else 1)
    kind = stance.kind if stance else "neutral"
    rule = plain_rule(stance.rule) if stance else "says nothing of it"
    title = f"H{hypothesis.number}: {rule} ({weight:+.1f} dB)"
    return Cell(hypothesis.number, sign, kind, WORDS[sign], title)
