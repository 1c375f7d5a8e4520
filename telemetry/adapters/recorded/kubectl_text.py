"""What ``kubectl get`` and ``kubectl describe`` print, as rows and fields."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

AGE = re.compile(r"(\d+)([dhms])")
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
EVENT = re.compile(
    r"^\s+(Normal|Warning)\s+(\S+)\s+(\S+(?: \(x\d+ over \S+\))?|<\w+>)\s{2,}(\S+)\s+(.*)$"
)
REPEATED = re.compile(r"\(x(\d+) over")
NONE = {"<none>", "<unset>", "<nil>", ""}


class Event(NamedTuple):
    """One row of the events of a described object."""

    is_warning: bool
    reason: str
    age_seconds: float
    source: str
    message: str
    times: int


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of a listing; columns are told by where their headings begin."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not re.match(r"[A-Z]{2,}\b", lines[0]):
        return []
    starts = [m.start() for m in re.finditer(r"(?:(?<=\s\s)|^)\S", lines[0])]
    ends = [*starts[1:], None]
    heads = [lines[0][a:b].strip() for a, b in zip(starts, ends, strict=True)]
    return [
        {h: line[a:b].strip() for h, a, b in zip(heads, starts, ends, strict=True)}
        for line in lines[1:]
    ]


def fields(text: str) -> dict[str, list[str]]:
    """Return the outermost fields of a description, each with its lines; nested ones stay inside."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.splitlines():
        match = re.match(r"^([A-Z][\w .()-]*?):\s*(.*)$", line)
        if match:
            key = match[1]
            found[key] = [match[2].strip()] if match[2].strip() else []
        elif key and line.strip():
            found[key].append(line.strip())
    return found


def first(found: dict[str, list[str]], key: str) -> str:
    """Return the first line of a field, empty if it is none."""
    lines = found.get(key) or [""]
    return "" if lines[0] in NONE else lines[0]


def labels(lines: list[str]) -> tuple[tuple[str, str], ...]:
    """Read ``a=b`` pairs, one a line or with commas."""
    parts = [p for line in lines for p in line.split(",") if "=" in p]
    return tuple(sorted((p.partition("=")[0].strip(), p.partition("=")[2].strip()) for p in parts))


def age_seconds(text: str) -> float | None:
    """Return ``3m25s`` as 205; None if it is no age."""
    parts = AGE.findall(text.partition(" ")[0])
    return float(sum(int(n) * SECONDS[unit] for n, unit in parts)) if parts else None


def events(text: str) -> Iterator[Event]:
    """Return the events at the end of a description."""
    for line in text.rpartition("\nEvents:")[2].splitlines():
        match = EVENT.match(line)
        if match:
            repeated = REPEATED.search(match[3])
            yield Event(match[1] == "Warning", match[2], age_seconds(match[3]) or 0.0, match[4],
                        match[5].strip(), int(repeated[1]) if repeated else 1)  # fmt: skip


def before(at: datetime, seconds: float) -> datetime:
    """Return the moment so long ago."""
    return at - timedelta(seconds=seconds)
