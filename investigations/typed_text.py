"""Text that somebody outside wrote: numbers in addresses, and characters that only do harm."""

import re
import unicodedata

from investigations.errors import BoardError

NUMBER = re.compile(r"[0-9]{1,9}")
CONTROLS = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), 0x7F))
REORDERING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
UNTITLED = "Untitled"


def read_number(text: str) -> int | None:
    """Return a row's number, or None for anything but one to nine ASCII digits.

    ``str.isdigit`` holds for ``²`` too, which ``int`` refuses, as it refuses thousands of digits.
    """
    return int(text) if NUMBER.fullmatch(text) else None


def without_controls(text: str) -> str:
    """Return the text without NUL and control characters; tabs and line feeds stay.

    PostgreSQL keeps no NUL, and nobody types the others.
    """
    return text.translate(CONTROLS)


def without_reordering(text: str) -> str:
    """Return the text without the characters that turn round what is written after them."""
    return text.translate(REORDERING)


def refuse_longer(text: str, limit: int, what: str) -> str:
    """Return a person's text as it is. Nothing a person wrote is cut without a word.

    Raises:
        BoardError: It is longer than ``limit`` characters.
    """
    if len(text) > limit:
        raise BoardError(
            f"At most {limit:,} characters for {what}; yours has {len(text):,}. Nothing was stored."
        )
    return text


def title_or_untitled(text: str) -> str:
    """Return a title in which something can be seen: the text itself, or ``Untitled``."""
    is_seen = any(unicodedata.category(c)[0] not in {"C", "Z"} for c in text)
    return text if is_seen else UNTITLED
