"""Traces cut into segments: what one service did for one request, between being called and answering.

A segment is the spans of one service that hang together in one trace. Time is split into what the
service spent itself and what it waited for others, and the wait into the callee's own answer and
the way there and back, so that slowness and failure can be placed where they begin.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from telemetry.types import LogLine, ResourceRef, Span

Key = tuple[str, str]
MAX_DEPTH = 256
# Lines are stamped by another clock than spans, after they were written.
LOG_SLACK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Call:
    """One call to another service, as the caller saw it.

    Attributes:
        way_seconds: What of it the callee did not spend: the way there and back. None when the
            caller has no span of its own for the call.
    """

    callee: ResourceRef
    seconds: float
    way_seconds: float | None


@dataclass(slots=True)
class Segment:
    """What one service did for one request.

    Attributes:
        operation: Of the span by which the service was entered.
        own_seconds: Its duration less the time in which some call to another service was open.
        steps: Operations of its spans, in the order in which they began, without calls out.
        lines: Log lines written during it, oldest first.
        is_error: One of its own spans failed.
        children: Segments that it called.
    """

    trace_id: str
    resource: ResourceRef
    operation: str
    start: float
    end: float
    own_seconds: float = 0.0
    is_error: bool = False
    pod: str = ""
    calls: list[Call] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    children: list["Segment"] = field(default_factory=list)

    @property
    def key(self) -> tuple[ResourceRef, str]:
        """What it can be compared by: the same operation of the same service."""
        return self.resource, self.operation


def cut_segments(spans: Iterable[Span], lines: Iterable[LogLine] = ()) -> list[Segment]:
    """Cut whole traces into segments, and give each line to the segment that wrote it.

    A span whose parent is missing begins a segment of its own. Lines without a trace id, or of a
    trace or service that is not here, are left out.
    """
    by_key: dict[Key, Span] = {(s.trace_id, s.span_id): s for s in spans}
    roots: dict[Key, Key] = {}
    members: dict[Key, list[Span]] = defaultdict(list)
    for key, span in by_key.items():
        members[_root_of(key, by_key, roots)].append(span)
    segments = {key: _segment(by_key[key]) for key in members}
    answered: dict[Key, list[Segment]] = defaultdict(list)
    for key, segment in segments.items():
        parent = (key[0], by_key[key].parent_id)
        if parent in roots:
            answered[parent].append(segment)
            segments[roots[parent]].children.append(segment)
    # A span of one call: not the entry, and with no more than that one call below it.
    clients = {key: found[0] for key, found in answered.items()
               if len(found) == 1 and roots[key] != key}  # fmt: skip
    outgoing = {(by_key[key].resource, by_key[key].operation) for key in clients}
    for key, segment in segments.items():
        _split(segment, members[key], clients, outgoing)
    _place(lines, segments, roots)
    return list(segments.values())


def _root_of(key: Key, by_key: dict[Key, Span], roots: dict[Key, Key]) -> Key:
    path: list[Key] = []
    at = key
    while at not in roots:
        path.append(at)
        above = (at[0], by_key[at].parent_id)
        parent = by_key.get(above)
        if parent is None or parent.resource != by_key[at].resource or len(path) > MAX_DEPTH:
            roots[at] = at
            break
        at = above
    root = roots[at]
    roots.update(dict.fromkeys(path, root))
    return root


def _segment(entry: Span) -> Segment:
    start = entry.start.timestamp()
    return Segment(entry.trace_id, entry.resource, entry.operation, start,
                   start + max(entry.duration_seconds, 0.0), pod=entry.pod)  # fmt: skip


def _split(
    segment: Segment, members: Sequence[Span], clients: dict[Key, Segment],
    outgoing: set[tuple[ResourceRef, str]],
) -> None:  # fmt: skip
    """Tell apart what a service did itself and what it waited for others."""
    waits: list[tuple[float, float]] = []
    asked: set[int] = set()
    for span in sorted(members, key=lambda s: s.start):
        segment.is_error = segment.is_error or span.is_error
        child = clients.get((span.trace_id, span.span_id))
        began = span.start.timestamp()
        if child is not None:
            asked.add(id(child))
            way = max(0.0, span.duration_seconds - (child.end - child.start))
            segment.calls.append(Call(child.resource, span.duration_seconds, way))
        if child is not None or (span.resource, span.operation) in outgoing:
            waits.append((began, began + span.duration_seconds))
        else:
            segment.steps.append(span.operation)
    for child in segment.children:
        if id(child) not in asked:
            segment.calls.append(Call(child.resource, child.end - child.start, None))
            waits.append((child.start, child.end))
    open_seconds = _covered(waits, segment.start, segment.end)
    segment.own_seconds = max(0.0, segment.end - segment.start - open_seconds)


def _covered(spans: list[tuple[float, float]], start: float, end: float) -> float:
    """Return how much of ``start..end`` at least one interval covers."""
    total, at = 0.0, start
    for begin, finish in sorted(spans):
        begin, finish = max(begin, at), min(finish, end)
        if finish > begin:
            total += finish - begin
            at = finish
    return total


def _place(lines: Iterable[LogLine], segments: dict[Key, Segment], roots: dict[Key, Key]) -> None:
    of_service: dict[tuple[str, ResourceRef], list[Segment]] = defaultdict(list)
    for segment in segments.values():
        of_service[segment.trace_id, segment.resource].append(segment)
    for line in sorted(lines, key=lambda found: found.at):
        root = roots.get((line.trace_id, line.span_id)) if line.span_id else None
        if root is not None:
            segments[root].lines.append(line)
            continue
        at = line.at.timestamp()
        near = of_service.get((line.trace_id, line.resource), [])
        inside = [s for s in near if s.start <= at <= s.end + LOG_SLACK_SECONDS] or near
        if inside:
            max(inside, key=lambda s: s.start).lines.append(line)
