"""Small pieces of markup: times, ages, names."""

from datetime import UTC, datetime
from itertools import takewhile

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from investigations import phrases
from investigations.presenters import consensus, words
from investigations.typed_text import title_or_untitled, without_reordering

register = template.Library()


@register.filter
def clock(at: datetime | None) -> SafeString | str:
    """Show a time of day in UTC, exact in the title."""
    if at is None:
        return ""
    moment = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(), moment.strftime("%Y-%m-%d %H:%M:%S UTC"), moment.strftime("%H:%M:%SZ"),
    )  # fmt: skip


register.filter("plain_step", consensus.plain_step)


def _dated(at: datetime | None, pattern: str) -> SafeString | str:
    if at is None:
        return ""
    moment = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{}</time>', moment.isoformat(), moment.strftime(pattern)
    )


@register.filter
def second(at: datetime | None) -> SafeString | str:
    """Show a date and time in UTC, to the second."""
    return _dated(at, "%Y-%m-%d %H:%M:%SZ")


@register.filter
def day(at: datetime | None) -> SafeString | str:
    """Show a date and time in UTC."""
    return _dated(at, "%Y-%m-%d %H:%MZ")


@register.filter
def likelihood(value: float | None) -> str:
    """Show a probability in words and per cent."""
    return words.likelihood(value)


@register.filter
def percent(value: float | None) -> int:
    """Return a ratio as whole per cents, for SVG widths."""
    return round((value or 0.0) * 100)


@register.filter
def alike(similarity: float) -> str:
    """Return how near two incidents are, in words."""
    return words.alike(similarity)


@register.filter
def plain_rule(text: str) -> str:
    """Return a rule's text with its place in words."""
    return phrases.plain_rule(text)


register.filter("shared_with", phrases.shared_with)


@register.filter
def by_name(author: str) -> str:
    """Return who wrote something: an agent's shown name, or a person's."""
    kind, _, name = author.partition("/")
    return words.NAMES.get(name, name) if kind == "agent" else name or author


@register.filter
def short(key: str) -> str:
    """Return a resource key without its kind."""
    return key.rpartition("/")[2]


@register.filter
def titled(title: str) -> str:
    """Show a title; one in which nothing can be seen as ``Untitled``."""
    return title_or_untitled(without_reordering(title))


@register.filter
def unturned(text: str) -> str:
    """Show foreign text among our words where markup cannot keep its direction apart."""
    return without_reordering(text)


@register.filter
def plain(slug: str) -> str:
    """Return a slug as words."""
    return slug.replace("_", " ")


@register.filter
def seconds(value: float) -> str:
    """Show a duration at one unit."""
    return words.span(value)


register.filter("lasting", phrases.length)


@register.filter
def since(at: datetime, now: datetime) -> str:
    """Return how long ago."""
    return words.age(at, now)


@register.filter
def until(at: datetime, now: datetime) -> str:
    """Return how long until then, or that it has passed."""
    return words.until(at, now)


@register.filter
def sev_glyph(severity: str) -> str:
    """Return the glyph that goes with a severity."""
    return words.SEVERITY_GLYPHS.get(severity, "")


@register.filter
def per_mille(x: float) -> str:
    """Return a place on the axis (0..1000) as a percentage of its width, for SVG attributes."""
    return f"{x / 10:.2f}%"


@register.filter
def hms(at: datetime) -> str:
    """Return a time of day in UTC as plain text, where no element may stand."""
    return at.astimezone(UTC).strftime("%H:%M:%SZ")


@register.filter
def is_web(address: str) -> bool:
    """Whether an address of a source may be a link: nothing but http and https is."""
    return address.startswith(("http://", "https://"))


@register.filter
def as_diff(text: str) -> SafeString:
    """Show a small diff: what goes and what comes, on one line where both say the same setting."""
    lines = text.splitlines()
    parts: list[str] = []
    while lines:
        line, after = lines.pop(0), lines[0] if lines else ""
        same = _shared(line, after)
        if same:
            lines.pop(0)
            gone, come = line[1 + len(same) :], after[1 + len(same) :]
            parts.append(format_html("{}<del>{}</del> <ins>{}</ins>", same, gone, come))
            continue
        mark = {"-": "del", "+": "ins"}.get(line[:1])
        if mark and not line.startswith(("---", "+++")):
            parts.append(format_html("<{0}>{1}</{0}>", mark, line[1:]))
        else:
            parts.append(format_html("{}", line))
    return mark_safe("\n".join(parts))  # noqa: S308  # escaped above


def _shared(gone: str, come: str) -> str:
    """Return what two lines of a diff begin with alike, up to the last colon or space, or "".

    Only for two settings of one name: ``-image: a/b:1`` and ``+image: a/b:2`` share ``image: a/b:``.
    """
    if gone[:1] != "-" or come[:1] != "+" or ": " not in gone:
        return ""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(gone[1:], come[1:], strict=False))
    start = "".join(letter for letter, _ in alike)
    cut = max(start.rfind(":"), start.rfind(" ")) + 1
    return start[:cut] if gone[1:].partition(": ")[0] == come[1:].partition(": ")[0] else ""


@register.filter
def plus(value: int, more: int) -> int:
    """Return a sum, for places in SVG."""
    return value + more
