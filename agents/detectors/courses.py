"""The course that requests take, against their usual course: what is left out, what is new.

Of every operation of every service, it is counted in how many of its segments a step, a call, a
kind of log line, or one kind of line right after another occurs. What always occurred and now is
missing, or never occurred and now does, is a departure. A departure that follows from another
service's trouble is left out, so that it is told of the service in which it begins.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agents.detectors.contrast import evidence_of_difference
from agents.detectors.segments import Segment
from telemetry.types import ResourceRef

IsForeign = Callable[[str], bool]
Key = tuple[ResourceRef, str]
MIN_USUAL, MIN_NOW = 4, 4
ALWAYS, NEVER = 0.95, 0.05
MIN_CHANGE = 0.15
MIN_EVIDENCE = 2.0
LATE_SHARE, MIN_LATE = 0.5, 3
MILD = {"info", "debug", "trace", ""}
# New lines that are no errors are often only new requests: they count for this much.
MILD_NEW = 0.4
MAX_TEMPLATE = 160
# So many of its words must agree for a line to be the same statement with other values.
ALIKE = 0.7
_CORRELATION = re.compile(
    r"""["']?\b(?:trace|span|request|correlation)[_-]?id["']?\s*[:=]\s*["']?[\w-]+["']?,?""", re.I
)
_STAMP = re.compile(r"^\s*\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d\S*\s*")
_VALUE = re.compile("[:=\uff1a]")
_NUMBER = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b|\d+(?:\.\d+)?")
# So much of a line must stand before its first value for that part to tell what kind it is.
MIN_HEAD = 20


@lru_cache(maxsize=65536)
def kind_of_line(body: str) -> str:
    """Return what kind of line it is: its first line up to the first value, numbers masked."""
    text = _STAMP.sub("", _CORRELATION.sub("", body.split("\n", 1)[0]))
    value = _VALUE.search(text, MIN_HEAD)
    head = text[: value.start()] if value else text
    return _NUMBER.sub("#", " ".join(head.split()))[:MAX_TEMPLATE]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that does or does not occur in a segment. ``then``: the kind of line that follows."""

    sort: str
    text: str
    severity: str = ""
    then: str = ""

    def __str__(self) -> str:
        if self.sort == "pair":
            return f'"{self.text}" followed by "{self.then}"'
        return f'{self.sort} "{self.text}"'


@dataclass(frozen=True, slots=True)
class Departure:
    """One operation's clearest departure from its course.

    Attributes:
        is_missing: It used to occur and does not; else it is new.
        now: Share of the operation's segments in which it occurs; ``usual`` in the baseline.
        evidence: Nats by which the shares differ (see ``contrast``), mild news discounted.
        score: ``evidence`` times how far the shares are apart: what to rank by.
        first_at: Unix seconds of the first segment that departed.
        goes_on: Of the operation's last third, at least half as many depart as of all.
        example: A line of that segment, if it is a line.
    """

    resource: ResourceRef
    operation: str
    mark: Mark
    is_missing: bool
    now: float
    usual: float
    count: int
    usual_count: int
    evidence: float
    score: float
    first_at: float
    goes_on: bool
    example: str = ""


def marks_of(segment: Segment) -> frozenset[Mark]:
    """Return everything that occurs in a segment."""
    lines = [(line.severity.lower(), kind_of_line(line.body)) for line in segment.lines]
    found = {Mark("line", text, severity) for severity, text in lines}
    found |= {Mark("step", step) for step in segment.steps}
    found |= {Mark("call", f"{c.resource.name} {c.operation}") for c in segment.children}
    if segment.is_error:
        found.add(Mark("failure of", segment.operation, "error"))
    texts = ["start", *(text for _, text in lines), "end"]
    return frozenset(found | {Mark("pair", a, "", b) for a, b in pairwise(texts)})


def is_variant(mark: Mark, other: Mark) -> bool:
    """Whether two marks are one statement with other values in it: most words agree, in place."""
    return (
        mark.sort == other.sort and mark.sort in {"line", "pair"}
        and mark.severity == other.severity and _is_alike(mark.text, other.text) and _is_alike(mark.then, other.then)
    )  # fmt: skip


def _is_alike(text: str, other: str) -> bool:
    if text == other:
        return True
    words, others = text.split(), other.split()
    same = sum(a == b for a, b in zip(words, others, strict=False))
    return len(words) == len(others) and same >= ALIKE * len(words)


def find_departures(
    usual: Sequence[Segment], now: Sequence[Segment], *, is_foreign: IsForeign
) -> list[Departure]:
    """Return each service's clearest departure that no other service's trouble explains.

    Args:
        usual: Segments of fault-free traces.
        now: Segments of the time in question.
        is_foreign: Whether a line tells of another service's trouble.
    """
    marks = {id(s): marks_of(s) for s in (*usual, *now)}
    foreign = {id(s) for s in (*usual, *now) if _tells_of_others(s, is_foreign)}
    before = _grouped(s for s in usual if id(s) not in foreign)
    after = _grouped(s for s in now if id(s) not in foreign)
    broken = {key: _broken(key, before[key], after[key], marks) for key in after if key in before}
    departed = {
        id(s) for key, found in broken.items() for s in after[key]
        if any((d.mark in marks[id(s)]) != d.is_missing for d in found)
    }  # fmt: skip
    troubled = departed | foreign
    own = _grouped(
        s for segments in after.values() for s in segments if not _below(s, troubled)
    )  # fmt: skip
    best: dict[ResourceRef, Departure] = {}
    for key, segments in own.items():
        for found in _broken(key, before.get(key, []), segments, marks):
            known = best.get(found.resource)
            if known is None or found.score > known.score:
                best[found.resource] = found
    return sorted(best.values(), key=lambda d: -d.score)


def _grouped(segments: Iterable[Segment]) -> dict[Key, list[Segment]]:
    found: dict[Key, list[Segment]] = defaultdict(list)
    for segment in segments:
        found[segment.key].append(segment)
    return found


def _tells_of_others(segment: Segment, is_foreign: IsForeign) -> bool:
    return any(
        line.severity.lower() not in MILD and is_foreign(line.body) for line in segment.lines
    )


def _below(segment: Segment, troubled: set[int]) -> bool:
    """Whether something that the segment called, however deep, is in trouble."""
    stack = list(segment.children)
    while stack:
        child = stack.pop()
        if id(child) in troubled and child.resource != segment.resource:
            return True
        stack.extend(child.children)
    return False


def _broken(
    key: Key, usual: Sequence[Segment], now: Sequence[Segment],
    marks: dict[int, frozenset[Mark]],
) -> list[Departure]:  # fmt: skip
    if len(usual) < MIN_USUAL or len(now) < MIN_NOW:
        return []
    before = Counter(mark for s in usual for mark in marks[id(s)])
    after = Counter(mark for s in now for mark in marks[id(s)])
    return list(_judged(key, usual, now, marks, before, after))


def _judged(
    key: Key, usual: Sequence[Segment], now: Sequence[Segment],
    marks: dict[int, frozenset[Mark]], before: Counter[Mark], after: Counter[Mark],
) -> Iterator[Departure]:  # fmt: skip
    steady = {mark for mark, hits in before.items() if hits >= ALWAYS * len(usual)}
    mild_news = {m.text for m in after if m.sort == "line" and m.severity in MILD
                 and before[m] <= NEVER * len(usual)}  # fmt: skip
    for mark in sorted(before.keys() | after.keys(), key=repr):
        was, hits = before[mark] / len(usual), after[mark]
        is_missing = mark in steady and hits < was * len(now)
        if not is_missing and not (was <= NEVER and hits > was * len(now)):
            continue
        if is_missing:
            others = [m for m in after if m not in steady and is_variant(mark, m)]
            hits = sum(mark in marks[id(s)] or any(m in marks[id(s)] for m in others) for s in now)
        elif any(is_variant(m, mark) for m in steady):
            continue
        is_now = hits / len(now)
        if abs(is_now - was) < MIN_CHANGE or (is_missing and mark.severity not in MILD):
            continue
        evidence = evidence_of_difference(hits, len(now), before[mark], len(usual))
        left = sorted((s for s in now if (mark in marks[id(s)]) != is_missing),
                      key=lambda s: s.start)  # fmt: skip
        if _is_mild(mark, left, marks, mild_news, is_missing=is_missing):
            evidence *= MILD_NEW
        if evidence < MIN_EVIDENCE:
            continue
        yield Departure(
            *key, mark, is_missing, is_now, was, len(now), len(usual), evidence,
            evidence * abs(is_now - was), left[0].start, _goes_on(left, now),
            _example(left[0], mark),
        )  # fmt: skip


def _is_mild(
    mark: Mark, left: Sequence[Segment], marks: dict[int, frozenset[Mark]], mild_news: set[str],
    *, is_missing: bool,
) -> bool:  # fmt: skip
    """Whether a departure is no more than news that are no errors, a pair that they cut included."""
    if not is_missing:
        return mark.severity in MILD
    if mark.sort != "pair":
        return False
    cut = sum(
        any(m.sort == "pair" and m.text == mark.text and m.then in mild_news for m in marks[id(s)])
        for s in left
    )
    return 2 * cut > len(left)


def _goes_on(left: Sequence[Segment], now: Sequence[Segment]) -> bool:
    late = sorted(now, key=lambda s: s.start)[-max(1, len(now) // 3) :]
    still = sum(s.start >= late[0].start for s in left) / len(late)
    return len(late) >= MIN_LATE and still >= LATE_SHARE * len(left) / len(now)


def _example(segment: Segment, mark: Mark) -> str:
    same = (line.body for line in segment.lines if kind_of_line(line.body) == mark.text)
    return next(same, "")
