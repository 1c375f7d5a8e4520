"""Turning log lines into templates, and finding what is new among them.

The masking follows the idea of Drain (He et al. 2017): variable parts become wildcards, then lines
of the same shape are one template; a fixed-depth tree is not needed at a few thousand lines.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

_MASKS = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b"), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<addr>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b"), "<hex>"),
    (re.compile(r"(?<![A-Za-z])[-+]?\d+(?:\.\d+)?"), "<n>"),
)
MAX_TEMPLATE = 300


def mask(line: str) -> str:
    """Return a line with its variable parts replaced by placeholders."""
    for pattern, placeholder in _MASKS:
        line = pattern.sub(placeholder, line)
    return " ".join(line.split())[:MAX_TEMPLATE]


@dataclass(slots=True)
class Template:
    """One kind of line: how often, when first, and one example as written."""

    text: str
    count: int = 0
    first_at: float = float("inf")
    example: str = ""
    times: list[float] = field(default_factory=list)


def mine(lines: Iterable[tuple[float, str]]) -> dict[str, Template]:
    """Group ``(unix seconds, text)`` lines by template."""
    found: dict[str, Template] = defaultdict(lambda: Template(""))
    for at, body in lines:
        text = mask(body)
        template = found[text]
        template.text = text
        template.count += 1
        template.times.append(at)
        if at < template.first_at:
            template.first_at, template.example = at, body[:500]
    return dict(found)


def find_new(
    before: dict[str, Template],
    after: dict[str, Template],
    *,
    baseline_seconds: float,
    window_seconds: float,
    min_count: int = 3,
    min_rise: float = 5.0,
) -> list[Template]:
    """Return templates that are new, or at least ``min_rise`` times as frequent, most first."""
    grown = []
    for text, template in after.items():
        known = before.get(text)
        usual = known.count / baseline_seconds if known else 0.0
        rate = template.count / window_seconds
        if template.count >= min_count and rate >= min_rise * usual:
            grown.append(template)
    return sorted(grown, key=lambda t: -t.count)
