"""Cutting a Markdown text into passages that can be found and cited."""

import re
from dataclasses import dataclass

MAX_PASSAGE = 900
MAX_PASSAGES = 200
MAX_LINE = 4000
HEADING = re.compile(r"^(#{1,6})\s+(.{1,200}?)\s*#*\s*$")
FENCE = re.compile(r"^\s{0,3}(```|~~~)")
FRONT = re.compile(r"^\s{0,3}(?:\*\*|__)?(title|services?)(?:\*\*|__)?\s*:\s*(.{1,300}?)\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document below its nearest heading."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says of itself: title and the services that it is for."""

    title: str
    services: tuple[str, ...]


def read_header(text: str, *, fallback: str) -> Header:
    """Read ``title:`` and ``services:`` lines near the top, else the first heading, else a fallback."""
    title, services = "", list[str]()
    for line in text.splitlines()[:40]:
        front = FRONT.match(line[:MAX_LINE])
        heading = HEADING.match(line[:MAX_LINE])
        if front and front[1].lower() == "title":
            title = title or front[2].strip("\"' ")
        elif front:
            services += [s.strip(" `[]\"'*").removeprefix("service/") for s in front[2].split(",")]
        elif heading and not title:
            title = heading[2]
    names = tuple(dict.fromkeys(s[:200] for s in services if s))[:20]
    return Header((title or fallback)[:200], names)


def cut(text: str) -> list[Passage]:
    """Return passages of at most about 900 characters, each with its heading; at most 200.

    A passage ends at a heading, or at a paragraph's end when it is long; code blocks count as text.
    """
    passages: list[Passage] = []
    heading, lines, size, is_code = "", list[str](), 0, False

    def close() -> None:
        nonlocal lines, size
        body = "\n".join(lines).strip()
        if body:
            passages.append(Passage(heading, body))
        lines, size = [], 0

    for line in text.splitlines():
        for piece in _pieces(line):
            if FENCE.match(piece):
                is_code = not is_code
            found = None if is_code else HEADING.match(piece)
            if found:
                close()
                heading = found[2]
                continue
            is_break = size > MAX_PASSAGE or (not piece.strip() and size > MAX_PASSAGE // 2)
            if is_break:
                close()
            lines.append(piece)
            size += len(piece) + 1
    close()
    return passages[:MAX_PASSAGES]


def _pieces(line: str) -> list[str]:
    return [line[i : i + MAX_PASSAGE] for i in range(0, len(line), MAX_PASSAGE)] or [""]
