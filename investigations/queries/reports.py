"""Versions of a post-mortem's sections."""

from itertools import pairwise

from investigations.models import Investigation, ReportText

PAGE = 20


def newest_version(investigation: Investigation, section: str) -> ReportText | None:
    """Return the version of a section that counts, or None. One query."""
    return investigation.report_texts.filter(section=section).order_by("-version").first()


def list_versions(
    investigation: Investigation, section: str, *, before: int | None = None
) -> list[tuple[ReportText, ReportText | None]]:
    """Return a page of versions, newest first, each with the one before it. One query.

    Args:
        investigation: Whose report.
        section: Value of ``ReportSection``.
        before: Only versions below this number.
    """
    rows = investigation.report_texts.filter(section=section).order_by("-version")
    if before is not None:
        rows = rows.filter(version__lt=before)
    found = list(rows[: PAGE + 1])
    pairs: list[tuple[ReportText, ReportText | None]] = list(pairwise(found))
    if found and len(found) <= PAGE:
        pairs.append((found[-1], None))
    return pairs
