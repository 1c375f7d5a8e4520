"""The report: Markdown that a person reads, with the reliability diagram as SVG."""

from collections.abc import Sequence

from sre_workspace.evaluation.scoring import Bin, Figures, Scored

SIZE, MARGIN = 320, 40
SHOWN_MISSES = 60


def render_report(slug: str, figures: Figures, scored: Sequence[Scored]) -> str:
    """Return the whole report."""
    lines = [
        f"# {slug}: {figures.count} cases",
        "",
        "| measure | mean | 95 % interval |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {mean:.3f} | {low:.3f} to {high:.3f} |"
        for name, (mean, low, high) in figures.measures.items()
    ]
    lines += [
        "", "| | |", "|---|---|",
        f"| leads that claim something | {figures.claims} |",
        f"| no verdict given | {figures.abstained:.1%} |",
        f"| right where a verdict was given | {figures.right_when_named:.1%} |",
        f"| at least 90 % sure and wrong | {figures.confident_and_wrong:.1%} |",
        f"| Brier score | {figures.brier:.3f} |",
        f"| expected calibration error | {figures.ece:.3f} |",
        f"| the same of honest claims, by chance | {figures.chance_ece:.3f} |",
        f"| seconds per case, median | {figures.median_seconds:.2f} |",
        f"| peak memory of a worker | {figures.peak_mb:.0f} MB |",
        "", "## By type of fault", "", "| fault | cases | right |", "|---|---|---|",
    ]  # fmt: skip
    lines += [f"| {name} | {n} | {share:.2f} |" for name, (n, share) in figures.by_fault.items()]
    lines += ["", "## Reliability", "", reliability_svg(figures.bins), "", "## Misses", ""]
    lines += [
        line for s in [s for s in scored if not s.is_right][:SHOWN_MISSES] for line in _miss(s)
    ]
    return "\n".join(lines) + "\n"


def _miss(scored: Scored) -> list[str]:
    result = scored.result
    if result.error:
        return [f"* `{result.case_id}` ({scored.fault}): {result.error}"]
    if not result.causes:
        return [f"* `{result.case_id}` ({scored.fault}): no candidate at all"]
    first = result.causes[0]
    head = (f"* `{result.case_id}` ({scored.fault}): {result.verdict}, {first.resource} "
            f"{first.fault_class} at {first.probability:.0%}, because:")  # fmt: skip
    return [head, *(f"  * {claim}" for claim in first.evidence)]


def reliability_svg(bins: Sequence[Bin]) -> str:
    """Return claimed against observed, with the diagonal of perfect calibration."""
    span = SIZE - 2 * MARGIN

    def at(x: float, y: float) -> tuple[float, float]:
        return MARGIN + x * span, SIZE - MARGIN - y * span

    left, bottom = at(0, 0)
    right, top = at(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" role="img" '
        'aria-label="Reliability: claimed probability against the share that was right">',
        f'<rect x="{left}" y="{top}" width="{span}" height="{span}" fill="none" stroke="#888"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#888" '
        'stroke-dasharray="4"/>',
    ]
    for found in bins:
        x, y = at(found.claimed, found.right)
        radius = 3 + min(9, found.count**0.5)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#36c" fill-opacity="0.6">'
            f"<title>{found.count} cases: claimed {found.claimed:.0%}, right {found.right:.0%}"
            "</title></circle>"
        )
    parts.append(
        f'<text x="{SIZE / 2}" y="{SIZE - 8}" text-anchor="middle" font-size="12">claimed</text>'
        f'<text x="12" y="{SIZE / 2}" font-size="12" transform="rotate(-90 12 {SIZE / 2})" '
        'text-anchor="middle">right</text></svg>'
    )
    return "".join(parts)
