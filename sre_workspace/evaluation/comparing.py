"""Tables that compare ways to run a set: what each part is worth, and honesty without a source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_workspace.evaluation.running import CaseResult
from sre_workspace.evaluation.scoring import CONFIDENT, figures_of, score_all, wilson
from sre_workspace.evaluation.sets import EvaluationSet, Label
from sre_workspace.evaluation.variants import Variant

BAR, ROW, LEFT = 220, 22, 150
GAP = 10
COLOURS = ("#1f5fbf", "#8a8a8a", "#c2690c")
# As pages round it.
SURER = 0.005


@dataclass(frozen=True, slots=True)
class Row:
    """One variant's figures, each a share of all cases.

    Attributes:
        confidence: Mean of what verdicts show for themselves, which missing sources cap.
        committed: The same over all cases, where none is given 0: how sure the board is.
        surer_leads: Cases whose first answer is wrong and whose lead claims more than with
            everything; ``surer_verdicts``: whose verdict shows more.
    """

    title: str
    count: int
    right: float
    claimed: float
    named: float
    right_when_named: float
    sure_and_wrong: float
    confidence: float | None
    committed: float = 0.0
    surer_leads: tuple[str, ...] = ()
    surer_verdicts: tuple[str, ...] = ()


def row_of(
    kind: EvaluationSet, variant: Variant, results: Sequence[CaseResult],
    labels: Mapping[str, Label], whole: Sequence[CaseResult] = (),
) -> Row:  # fmt: skip
    """Return the figures of one variant. ``whole``: results with everything, to compare with."""
    scored = score_all(kind, results, labels)
    before = {s.result.case_id: s for s in score_all(kind, whole, labels)}
    wrong = [s for s in scored if not s.is_right and s.result.case_id in before]
    figures = figures_of(scored)
    claimed = sum(s.probability for s in scored) / len(scored)
    shown = [s.shown for s in scored if not s.has_abstained]
    return Row(
        variant.title, figures.count, figures.measures[kind.main][0], claimed,
        1 - figures.abstained, figures.right_when_named, figures.confident_and_wrong,
        sum(shown) / len(shown) if shown else None, sum(shown) / len(scored),
        tuple(s.result.case_id for s in wrong
              if s.probability >= before[s.result.case_id].probability + SURER),
        tuple(s.result.case_id for s in wrong
              if s.shown >= before[s.result.case_id].shown + SURER),
    )  # fmt: skip


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as Markdown."""
    head = ("| run | cases | first answer right | mean claim | verdict given | its confidence "
            "| right then | sure, wrong |")  # fmt: skip
    return [
        head, "|---|---|---|---|---|---|---|---|",
        *(
            f"| {r.title} | {r.count} | {r.right:.3f} | {r.claimed:.2f} | {r.named:.0%} "
            f"| {'–' if r.confidence is None else f'{r.confidence:.2f}'} "
            f"| {'–' if r.confidence is None else f'{r.right_when_named:.0%}'} | {r.sure_and_wrong:.1%} |"
            for r in rows
        ),
    ]  # fmt: skip


def bars_svg(rows: Sequence[Row]) -> str:
    """Return, per variant, how often the first answer is right above what it claims."""
    height = ROW * len(rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + BAR + 70}" height="{height}" '
        'role="img" aria-label="For each run the share that is right, and the mean claim">'
    ]
    for index, row in enumerate(rows):
        top = index * ROW
        parts.append(
            f'<text x="{LEFT - 6}" y="{top + 14}" font-size="11" text-anchor="end">{row.title}</text>'
            f'<rect x="{LEFT}" y="{top + 3}" width="{row.right * BAR:.1f}" height="7" fill="#36c"/>'
            f'<rect x="{LEFT}" y="{top + 11}" width="{row.claimed * BAR:.1f}" height="5" fill="#999"/>'
            f'<text x="{LEFT + BAR + 6}" y="{top + 14}" font-size="11">'
            f"{row.right:.2f} / {row.claimed:.2f}</text>"
        )
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}" font-size="11">blue: right; grey: claimed</text></svg>'
    )
    return "".join(parts)


def dropped_table(rows: Sequence[Row]) -> list[str]:
    """Return, per source taken away, how often what is left is right and how sure it is."""
    head = ("| run | cases | first answer right | mean claim of the lead | verdict given | mean "
            "confidence, none given 0 | sure, wrong | wrong, and its lead claims more "
            "| wrong, and its verdict shows more |")  # fmt: skip
    return [
        head, "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {r.title} | {r.count} | {r.right:.3f} | {r.claimed:.2f} | {r.named:.0%} "
            f"| {r.committed:.2f} | {r.sure_and_wrong:.1%} | {len(r.surer_leads)} "
            f"| {len(r.surer_verdicts)} |"
            for r in rows
        ),
    ]  # fmt: skip


def dropped_svg(tables: Mapping[str, Sequence[Row]]) -> str:
    """Return a picture for all sets: right, claimed and confident, by the source taken away."""
    height = sum(ROW * (len(rows) + 1) + GAP for rows in tables.values()) + 2 * ROW
    width = LEFT + BAR + 130
    said = "By source taken away: share right, mean claim of the lead, mean confidence of verdicts"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{said}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    top = GAP
    for title, rows in tables.items():
        parts.append(f'<text x="{LEFT}" y="{top + 15}" font-size="13" fill="#111">{title}</text>')
        for row in rows:
            top += ROW
            parts += _bars(row, top)
        top += ROW + GAP
    x = LEFT - 130
    for colour, text in zip(
        COLOURS, ("right", "lead's claim", "verdict's confidence"), strict=True
    ):
        parts.append(
            f'<rect x="{x}" y="{top}" width="12" height="10" fill="{colour}"/>'
            f'<text x="{x + 17}" y="{top + 10}" font-size="11" fill="#111">{text}</text>'
        )
        x += 110
    return "\n".join([*parts, "</svg>", ""])


def _bars(row: Row, top: float) -> list[str]:
    """Return one row of the picture: three bars, and their values in words."""
    values = (row.right, row.claimed, row.committed)
    bars = [
        f'<rect x="{LEFT}" y="{top + 2 + 6 * n}" width="{value * BAR:.1f}" height="5" '
        f'fill="{colour}"/>'
        for n, (value, colour) in enumerate(zip(values, COLOURS, strict=True))
    ]
    words = " / ".join(f"{value:.2f}" for value in values)
    return [
        f'<text x="{LEFT - 6}" y="{top + 14}" font-size="11" fill="#111" text-anchor="end">'
        f"{row.title}</text>",
        *bars,
        f'<text x="{LEFT + BAR + 6}" y="{top + 14}" font-size="11" fill="#111">{words}</text>',
    ]


def false_diagnoses(results: Sequence[CaseResult]) -> list[str]:
    """Return what fault-free windows were taken for, as Markdown."""
    usable = [r for r in results if not r.error]
    false = [r for r in usable if r.verdict == "likely_cause"]
    sure = sum((r.confidence or 0) >= CONFIDENT for r in false)
    low, high = wilson(len(false), len(usable))
    share = len(false) / len(usable) if usable else 0.0
    lines = [
        f"{len(false)} of {len(usable)} windows without a fault were given a cause: {share:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}); {sure} with at least {CONFIDENT:.0%}. "
        f"{sum(r.verdict == 'no_fault' for r in usable)} were said to have no fault."
    ]
    for r in false[:20]:
        first = r.causes[0]
        lines.append(f"* `{r.case_id}`: {first.resource} {first.fault_class}: {first.evidence[:2]}")
    return lines


def same_verdicts(runs: Sequence[Sequence[CaseResult]]) -> str:
    """Return whether repeated runs of the same cases concluded the same, as a sentence."""
    by_case: dict[str, set[tuple[object, ...]]] = {}
    for run in runs:
        for r in run:
            ranked = tuple((c.resource, c.fault_class, c.probability) for c in r.causes)
            by_case.setdefault(r.case_id, set()).add((r.verdict, r.confidence, ranked))
    same = sum(len(found) == 1 for found in by_case.values())
    return f"{same} of {len(by_case)} cases: the same verdict and ranking in {len(runs)} runs."
