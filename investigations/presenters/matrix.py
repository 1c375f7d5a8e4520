"""The matrix of competing hypotheses: rows sorted by how much they separate."""

from dataclasses import dataclass

from investigations.models import Evidence, Hypothesis, Investigation, Stance

MAX_ROWS = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """Sign and words of one stance."""

    sign: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One piece of evidence across all hypotheses."""

    evidence: Evidence
    cells: tuple[Cell, ...]
    separates: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Hypotheses as columns, fewest contradictions first."""

    hypotheses: tuple[Hypothesis, ...]
    rows: tuple[MatrixRow, ...]
    against: tuple[int, ...]


def build_matrix(investigation: Investigation) -> Matrix:
    """Read the matrix in three queries."""
    stances = Stance.objects.filter(hypothesis__investigation=investigation)
    by_pair = {(s.evidence_id, s.hypothesis_id): s for s in stances}
    hypotheses = sorted(
        Hypothesis.objects.filter(investigation=investigation),
        key=lambda h: (h.refutes_count, -(h.posterior or 0.0)),
    )
    rows = []
    for evidence in Evidence.objects.filter(investigation=investigation):
        weights = [_weight(by_pair.get((evidence.pk, h.pk))) for h in hypotheses]
        if any(weights):
            cells = tuple(_cell(by_pair.get((evidence.pk, h.pk)), h) for h in hypotheses)
            spread = max(weights) - min(weights)
            rows.append((spread, MatrixRow(evidence, cells, spread >= 3)))
    rows.sort(key=lambda item: -item[0])
    return Matrix(
        tuple(hypotheses),
        tuple(row for _, row in rows[:MAX_ROWS]),
        tuple(h.refutes_count for h in hypotheses),
    )


def _weight(stance: Stance | None) -> float:
    return stance.weight_decibans if stance else 0.0


def _cell(stance: Stance | None, hypothesis: Hypothesis) -> Cell:
    weight = _weight(stance)
    sign = "·"
    if abs(weight) >= 1:
        sign = ("+" if weight > 0 else "−") * (2 if abs(weight) >= 6 else 1)
    kind = stance.kind if stance else "neutral"
    rule = stance.rule if stance else "says nothing of it"
    return Cell(sign, kind, f"H{hypothesis.number}: {rule} ({weight:+.1f} dB)")
