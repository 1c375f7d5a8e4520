"""The reasoning stream: the journal as typed sentences, and each agent's state and last steps."""

import re
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from investigations.enums import HANDLES, SPECIALIST_NAMES, EvidenceKind
from investigations.enums import BoardEventKind as Kind
from investigations.models import BoardEvent, Investigation
from investigations.presenters import words
from investigations.presenters.storms import without_storms

KINDS = ("Planning", "Query", "Observation", "Finding", "Human", "Change of mind")
AGENTS = ("network", "deployment", "database", "resource", "reconciler", "model")
RECENT = 160
SHOWN = 14
CHANGED = re.compile(r"\b(strengthened|weakened|ruled out|leads|no longer|can be true again)\b")
# What a series on the timeline is called in code.
LANE = re.compile(r"^Lane: ")
AT_WORK = frozenset({"planning", "querying"})
# Nobody's thought or step: what follows from a verdict, and that the lanes went on.
UNTOLD = (Kind.STANCE_RECORDED, Kind.LANES_READ)
MAX_KEPT = 32
_kept: "OrderedDict[int, tuple[int, list[Line]]]" = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the stream. ``why`` is the reason for a query; ``number`` an evidence's."""

    sequence: int
    at: datetime
    agent: str
    name: str
    kind: str
    text: str
    why: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent in the dock. ``since``: when this state began, ISO 8601, or empty."""

    agent: str
    glyph: str
    name: str
    state: str
    step: str
    since: str
    lines: tuple[Line, ...]

    @property
    def can_be_told(self) -> bool:
        """Whether people can steer and pause it."""
        return self.agent in SPECIALIST_NAMES

    @property
    def handle(self) -> str:
        """By what people call it in the steer box."""
        return HANDLES.get(self.agent, self.agent)

    @property
    def sentence(self) -> str:
        """State and step in a few words."""
        return f"{self.state}: {self.step}" if self.step else self.state


def typed_lines(events: Iterable[BoardEvent]) -> list[Line]:
    """Return events as typed sentences, in order. An event may be several, or none.

    Alerts that joined one after the other are one sentence, which stands where the last one stood.
    """
    return [line for event in without_storms(events) for line in _lines_of(event)]


def chosen_lines(events: Iterable[BoardEvent], *, agent: str = "", kind: str = "") -> list[Line]:
    """Return the sentences of one agent and of one kind; empty or unknown words choose nothing."""
    return [
        line
        for line in typed_lines(events)
        if (agent not in AGENTS or line.agent == agent) and (kind not in KINDS or line.kind == kind)
    ]


def agents_of(
    investigation: Investigation, entries: Iterable[dict[str, Any]], *, sequence: int
) -> tuple[AgentView, ...]:
    """Return the dock as of a sequence. At most one query, of the latest ``RECENT`` events."""
    known = {str(e["agent"]): e for e in entries}
    by_agent: dict[str, list[Line]] = defaultdict(list)
    for line in _recent(investigation.pk, sequence):
        for agent in AGENTS if line.agent == "" and line.kind == "Human" else (line.agent,):
            by_agent[agent].append(line)
    shown = [a for a in AGENTS if a != "model" or a in known]
    busy = [words.NAMES[a] for a in shown if known.get(a, {}).get("state") in AT_WORK]
    return tuple(
        _view(a, known.get(a, {}), investigation, busy, tuple(by_agent[a][:SHOWN])) for a in shown
    )


def _recent(investigation_id: int, sequence: int) -> list[Line]:
    """Return the latest sentences up to a sequence, newest first.

    The journal only grows, so what was read of it before is kept: following a run costs the events
    that are new.
    """
    with _lock:
        seen, lines = _kept.get(investigation_id, (0, []))
    if sequence < seen:
        return typed_lines(_events(investigation_id, 0, sequence))
    if sequence > seen:
        lines = [*typed_lines(_events(investigation_id, seen, sequence)), *lines][:RECENT]
        with _lock:
            _kept[investigation_id] = (sequence, lines)
            _kept.move_to_end(investigation_id)
            while len(_kept) > MAX_KEPT:
                _kept.popitem(last=False)
    return lines


def _events(investigation_id: int, after: int, upto: int) -> list[BoardEvent]:
    rows = BoardEvent.objects.filter(
        investigation_id=investigation_id, sequence__gt=after, sequence__lte=upto
    ).exclude(kind__in=UNTOLD)
    return list(rows.order_by("-sequence")[:RECENT])


def _view(
    agent: str, entry: dict[str, Any], run: Investigation, busy: list[str], lines: tuple[Line, ...]
) -> AgentView:
    state, step = str(entry.get("state", "idle")), str(entry.get("step", ""))
    since = str(entry.get("since", ""))
    pauser = run.paused_agents.get(agent, "")
    if run.paused_at is not None:
        state, step = "paused", f"by {run.paused_by}" if run.paused_by else "by a person"
        since = run.paused_at.isoformat()
    elif pauser:
        state, step = "paused", f"by {pauser}"
    elif state in {"idle", "done"} and not run.is_over:
        others = [name for name in busy if name != words.NAMES[agent]]
        if others:
            state, step = "waiting", f"for {', '.join(others)}"
        elif state == "idle" and not step:
            step = "its turn has not come"
    if state in {"done", "idle", "failed", "blocked"} and run.is_over:
        since = ""
    if state == "done":
        step = ""  # What it did last is over; what came of it is on the board.
    return AgentView(agent, words.GLYPHS[agent], words.NAMES[agent], state, step, since, lines)


def _lines_of(event: BoardEvent) -> list[Line]:
    kind, text, number = _typed(event)
    agent = _agent_of(event)
    lines = []
    for call in _calls_of(event):
        failed = f": {call['error']}" if call.get("error") else ""
        told = f"{call['query']} ({call['kind']}): {_outcome(call)}{failed}"
        lines.append(_line(event, agent, "Query", told, why=str(call.get("why", ""))))
    if kind:
        lines.append(_line(event, agent, kind, text, number=number))
    return lines


def _line(event: BoardEvent, agent: str, kind: str, text: str, *, why: str = "",
          number: int | None = None) -> Line:  # fmt: skip
    name = words.NAMES.get(agent, event.author.partition("/")[2] or event.author)
    if kind == "Human":
        name = event.author.removeprefix("person/")
    return Line(event.sequence, event.at, agent, name, kind, text, why, number)


def _agent_of(event: BoardEvent) -> str:
    for message in event.payload["upsert"].get("steering", {}).values():
        if event.author.startswith("person/"):
            return str(message["agent"])
    head, _, name = event.author.partition("/")
    return name if head == "agent" else ""


def _calls_of(event: BoardEvent) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key, entry in event.payload["upsert"].get("entries", {}).items():
        if key.startswith("agent/"):
            found += entry["data"].get("calls", [])
    return found


def _outcome(call: dict[str, Any]) -> str:
    status = str(call["status"])
    if status == "error":
        return "no answer"
    if status == "no_data":
        return "no data"
    cut = ", cut" if status == "partial" else ""
    rows = int(call["rows"])
    return f"{rows} row{'' if rows == 1 else 's'} in {float(call['seconds']):.2f} s{cut}"


def _typed(event: BoardEvent) -> tuple[str, str, int | None]:
    """Return kind, sentence and evidence number; an empty kind leaves the event out."""
    text = LANE.sub("Drawn on the timeline: ", str(event.payload.get("sentence", "")))
    upsert = event.payload["upsert"]
    if event.kind == Kind.LANES_READ:
        return "", "", None
    if event.author.startswith("person/"):
        return "Human", text, None
    if event.kind == Kind.EVIDENCE_POSTED:
        row = next(iter(upsert["evidence"].values()))
        is_gap = row["kind"] == EvidenceKind.GAP
        return ("Observation" if is_gap else "Finding"), text, int(row["number"])
    if event.kind == Kind.HYPOTHESIS_CHANGED:
        return ("Change of mind" if CHANGED.search(text) else "Planning"), text, None
    if event.kind == Kind.DIAGNOSIS_REACHED:
        return "Finding", text, None
    if event.kind == Kind.ENTRY_CHANGED:
        return _typed_entry(event, text)
    kind = (
        "Planning"
        if event.kind in {Kind.INVESTIGATION_CHANGED, Kind.STEERING_CHANGED}
        else "Observation"
    )
    return ("Observation" if event.author == "system" else kind), text, None


def _typed_entry(event: BoardEvent, text: str) -> tuple[str, str, int | None]:
    for key, entry in event.payload["upsert"]["entries"].items():
        if not key.startswith("agent/"):
            continue
        data = entry["data"]
        if data.get("is_more"):
            return "", "", None
        return ("Planning" if data["state"] in AT_WORK else "Observation"), text, None
    return "Observation", text, None
