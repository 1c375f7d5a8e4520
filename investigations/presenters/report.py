"""The post-mortem as a page, as Markdown, and the difference between two versions."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.safestring import SafeString

from investigations.enums import ReportOrigin, ReportSection
from investigations.models import Incident, ReportText
from investigations.presenters.markdown import render_markdown
from investigations.typed_text import title_or_untitled

_LINK = re.compile(r"(?<!\\)\]\((/[^)\s]*)\)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\S")


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section: the text that counts, as markup, and who wrote it."""

    text: ReportText
    html: SafeString
    by: str
    is_draft: bool
    unanchored: int


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference: ``kind`` is same, added or removed."""

    kind: str
    text: str


def section_views(texts: dict[str, ReportText]) -> list[SectionView]:
    """Return the sections in the order in which they are read."""
    return [_view(texts[s]) for s in ReportSection.values if s in texts]


def _view(text: ReportText) -> SectionView:
    return SectionView(
        text=text,
        html=render_markdown(text.body, own_paths=True, is_section=True),
        by=text.author.partition("/")[2] or text.author,
        is_draft=text.origin == ReportOrigin.DRAFT and text.author == "system",
        unanchored=count_unanchored(text.body),
    )


def count_unanchored(body: str) -> int:
    """Return how many list lines lead nowhere: a reader cannot check them."""
    return sum(bool(_ITEM.match(line)) and not _LINK.search(line) for line in body.splitlines())


def report_markdown(
    incident: Incident, texts: dict[str, ReportText], *, absolute: Callable[[str], str]
) -> str:
    """Return the report as one Markdown document, its own paths made absolute."""
    title = " ".join(title_or_untitled(incident.title).split())
    plain = re.sub(r"([\\`*_\[\]<>&|~#])", r"\\\1", title)
    parts = [f"# Post-mortem of INC-{incident.pk}: {plain}"]
    for view in section_views(texts):
        parts.append(f"## {view.text.get_section_display()}\n\n{view.text.body}")
    text = "\n\n".join(parts) + "\n"
    return _LINK.sub(lambda found: f"]({absolute(found[1])})", text)


def difference(before: str, after: str) -> list[DiffLine]:
    """Return a line-by-line difference, whole."""
    old, new = before.splitlines(), after.splitlines()
    found: list[DiffLine] = []
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(a=old, b=new).get_opcodes():
        if tag == "equal":
            found += [DiffLine("same", line) for line in old[i:i_end]]
        else:
            found += [DiffLine("removed", line) for line in old[i:i_end]]
            found += [DiffLine("added", line) for line in new[j:j_end]]
    return found
