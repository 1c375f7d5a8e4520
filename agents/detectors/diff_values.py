"""Numbers that a diff changes: times, sizes and counts, each in one unit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from agents.detectors.diffs import Hunk

_SECONDS = {
    "ns": 1e-9, "nanosecond": 1e-9, "us": 1e-6, "microsecond": 1e-6, "ms": 1e-3, "milli": 1e-3,
    "millis": 1e-3, "millisecond": 1e-3, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0,
    "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0, "day": 86400.0,
}  # fmt: skip
_BYTES = {
    "k": 1e3, "kb": 1e3, "ki": 1024.0, "kib": 1024.0, "mb": 1e6, "mi": 1024.0**2,
    "mib": 1024.0**2, "gb": 1e9, "g": 1e9, "gi": 1024.0**3, "gib": 1024.0**3,
}  # fmt: skip
_NUMBER = r"(?<![\w.])(-?\d[\d_]*(?:\.\d+)?)"
_VALUE = re.compile(
    rf"{_NUMBER}\s*\*\s*(?:time|Duration)\.(?P<go>[A-Z]\w+?)s?\b"
    rf"|(?:time\.)?(?P<go1>(?:Nano|Micro|Milli)?[Ss]econd|Minute|Hour)s?\s*\*\s*{_NUMBER}"
    rf"|Duration\.of(?P<java>[A-Z]\w+?)s?\(\s*{_NUMBER}"
    rf"|{_NUMBER}L?\s*,\s*TimeUnit\.(?P<unit>[A-Z]+?)S?\b"
    rf"|timedelta\(\s*(?P<py>[a-z]+?)s?\s*=\s*{_NUMBER}"
    rf"|Duration::from_(?P<rust>[a-z]+?)s?\(\s*{_NUMBER}"
    rf"|PT(?P<iso>\d+[HMS])"
    rf"|{_NUMBER}(?P<short>ns|us|ms|KiB|MiB|GiB|[kKmMgG][bB]|Ki|Mi|Gi|[smhdkmMgG])?(?![\w.])"
    rf"(?P<product>(?:\s*\*\s*\d[\d_]*(?![\w.]))*)"
)
MIN_LIKENESS = 0.7
_HEAP = re.compile(r"\b(Xm[xsn]|Xss)(\d+)([kmgKMG])\b")
_CORES = re.compile(r"\b(milli)?cpus?\b", re.I)
_SIZES = re.compile(r"size|memory|heap|buffer|bytes|body|capacity|disk|storage", re.I)
_TIMES = re.compile(r"time|interval|delay|ttl|age|wait|period|expir|every", re.I)
_SHORT_M = re.compile(r"(?<![\w.])(\d+)m(?!\w)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a line. ``kind``: ``seconds``, ``bytes`` or empty for a plain number."""

    value: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A number that is another one now. ``words`` tell what it is: its line and what leads to it."""

    before: Quantity
    after: Quantity
    removed: str
    added: str
    words: str
    file: str


def quantities(line: str) -> list[Quantity]:
    """Return the numbers of a line in order; times in seconds, sizes in bytes."""
    return [q for q in map(_quantity, _VALUE.finditer(_spelled(line))) if q is not None]


def _spelled(line: str) -> str:
    """Return a line whose short units are written out where only its words tell what they are.

    ``cpu: 100m`` are thousandths of a core, and ``-Xmx512m`` and ``body_size 20m`` are megabytes.
    """
    line = _HEAP.sub(lambda m: f"{m[1]}: {m[2]}{m[3].upper()}B", line)
    if _CORES.search(line):
        return _SHORT_M.sub(lambda m: f"{int(m[1]) / 1000:g}", line)
    if _SIZES.search(line) and not _TIMES.search(line):
        return _SHORT_M.sub(r"\1MB", line)
    return line


def _quantity(match: re.Match[str]) -> Quantity | None:
    number = next((g for g in match.groups() if g and re.fullmatch(r"-?\d[\d_]*(\.\d+)?", g)), None)
    text = match[0].strip()
    if match["iso"]:
        iso = match["iso"]
        return Quantity(
            float(iso[:-1]) * {"H": 3600.0, "M": 60.0, "S": 1.0}[iso[-1]], "seconds", text
        )
    if number is None:
        return None
    value = float(number.replace("_", ""))
    unit = next((match[g] for g in ("go", "go1", "java", "unit", "py", "rust") if match[g]), "")
    if unit:
        scale = _SECONDS.get(unit.lower().removesuffix("s") if len(unit) > 2 else unit.lower())
        return Quantity(value * scale, "seconds", text) if scale else Quantity(value, "", text)
    short = match["short"] or ""
    for factor in re.findall(r"\d[\d_]*", match["product"] or ""):
        value *= float(factor.replace("_", ""))
    if short == "m" or short.lower() not in _BYTES:
        scale = _SECONDS.get(short, 0.0)
        return Quantity(value * (scale or 1.0), "seconds" if scale else "", text)
    return Quantity(value * _BYTES[short.lower()], "bytes", text)


def changed_values(hunk: Hunk) -> Iterator[Changed]:
    """Pair removed lines with the added ones that differ in their numbers only, or almost."""
    left = list(hunk.added)
    for removed in hunk.removed:
        old = quantities(removed)
        if not old:
            continue
        best, likeness = "", MIN_LIKENESS
        for added in left:
            new = quantities(added)
            ratio = SequenceMatcher(
                None, _VALUE.sub("#", _spelled(removed)), _VALUE.sub("#", _spelled(added))
            ).ratio()
            if len(new) == len(old) and ratio >= likeness and (not best or ratio > likeness):
                best, likeness = added, ratio
        if not best:
            continue
        left.remove(best)
        for before, after in zip(old, quantities(best), strict=True):
            if before.value != after.value and bool(before.kind) == bool(after.kind):
                words = f"{_leading(hunk, removed)} {removed}"
                yield Changed(before, after, removed, best, words, hunk.file)


def _leading(hunk: Hunk, line: str) -> str:
    """Return what leads to a line whose own words say little: ``value: 5`` under ``name: X``."""
    if not re.fullmatch(r"-?\s*[\"']?(value|default|memory|cpu|[-\d.\"']+)[\"']?\s*[:=]?.*", line):
        return ""
    above: list[str] = []
    for each in hunk.lines:
        body = each[1:].strip()
        if each[0] == "-" and body.startswith(line[:40]):
            return " ".join(above[-2:])
        above.append(body)
    return ""
