"""The war room as one view model, in a bounded number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from investigations.enums import EntryKind, HypothesisState, IncidentOrigin, StanceKind
from investigations.models import (
    Diagnosis,
    Evidence,
    Hypothesis,
    Incident,
    Investigation,
    Stance,
)
from investigations.presenters import words
from investigations.presenters.model import ModelSummary, note_of, summary_of
from investigations.presenters.steering import Delivery, delivery_of
from investigations.presenters.stream import AgentView, agents_of
from investigations.presenters.timeline import Timeline, build_timeline
from investigations.queries.grades import track_record
from investigations.queries.history import HistoryRow, similar_incidents
from investigations.queries.rows import PAGE, BoardRows, answers_to, rows_now, stances_of

AXIS_MIN_BEFORE = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class StanceView:
    """What a card says of one hypothesis."""

    text: str
    kind: str
    strength: str
    rule: str


@dataclass(frozen=True, slots=True)
class CardView:
    """One evidence card."""

    row: Evidence
    agent: str
    glyph: str
    name: str
    main: StanceView
    others: tuple[StanceView, ...]
    lines: tuple[str, ...]
    challenge: str


@dataclass(frozen=True, slots=True)
class HypothesisView:
    """One row of the hypothesis column."""

    row: Hypothesis
    likelihood: str
    bar: int
    by: str


@dataclass(frozen=True, slots=True)
class Room:
    """Everything the room shows, as of ``sequence``."""

    incident: Incident
    investigation: Investigation
    sequence: int
    cards: tuple[CardView, ...]
    evidence_count: int
    agent_counts: tuple[tuple[str, str, int], ...]
    oldest_number: int | None
    hypotheses: tuple[HypothesisView, ...]
    diagnosis: Diagnosis | None
    likelihood: str
    record: str
    model_summary: ModelSummary | None
    model_note: str
    agents: tuple[AgentView, ...]
    actions: tuple[dict[str, object], ...]
    waiting: dict[str, object] | None
    timeline: Timeline
    messages: tuple[Delivery, ...]
    similar: tuple[HistoryRow, ...]
    age: str
    severity_glyph: str
    now: datetime

    @property
    def coverage(self) -> str:
        """Coverage, in its own sentence."""
        if self.diagnosis is None:
            return "Coverage is not known yet."
        asked, answered = self.diagnosis.sources_asked, self.diagnosis.sources_answered
        silent = asked - answered
        tail = f" {silent} did not answer." if silent else ""
        return f"Coverage {answered} of {asked} sources.{tail}"


def build_room(investigation: Investigation, *, now: datetime, before: int | None = None) -> Room:
    """Read the board for the page. ``before`` pages back through older evidence by number."""
    return room_of(rows_now(investigation, before=before), now=now)


def room_of(rows: BoardRows, *, now: datetime) -> Room:
    """Dress the rows of one moment: the room's of now, or a replay's."""
    investigation, diagnosis, entries = rows.investigation, rows.diagnosis, rows.entries
    incident = investigation.incident
    counts: dict[str, int] = defaultdict(int)
    for author in rows.authors:
        counts[author.partition("/")[2]] += 1
    waiting = next((a for a in entries[EntryKind.ACTION] if a.get("state") == "proposed"), None)
    is_similar_shown = investigation.is_over and not rows.is_replay
    return Room(
        incident=incident,
        investigation=investigation,
        sequence=rows.sequence,
        cards=tuple(_cards(rows, weighed_at=diagnosis.reached_at if diagnosis else None)),
        evidence_count=sum(counts.values()),
        agent_counts=tuple(
            (agent, words.NAMES[agent], counts.get(agent, 0))
            for agent in ("network", "deployment", "database", "resource")
        ),
        oldest_number=rows.evidence[-1].number if len(rows.evidence) == PAGE else None,
        hypotheses=tuple(_hypotheses(list(rows.hypotheses))),
        diagnosis=diagnosis,
        likelihood=words.likelihood(diagnosis.confidence) if diagnosis else "",
        record=track_record(
            diagnosis.confidence if diagnosis else None,
            practice=incident.origin == IncidentOrigin.PRACTICE,
        ),
        model_summary=summary_of(entries[EntryKind.MODEL_SUMMARY], diagnosis),
        model_note=note_of(entries[EntryKind.MODEL_CALL], investigation.round),
        agents=agents_of(investigation, entries[EntryKind.AGENT], sequence=rows.sequence),
        actions=tuple(sorted(entries[EntryKind.ACTION], key=lambda a: -int(str(a["number"])))),
        waiting=waiting,
        timeline=_timeline(investigation, entries),
        messages=tuple(delivery_of(row) for row in rows.messages),
        similar=tuple(similar_incidents(incident)) if is_similar_shown else (),
        age=words.age(incident.started_at, now),
        severity_glyph=words.SEVERITY_GLYPHS[incident.severity],
        now=now,
    )


def card_views(evidence: list[Evidence], *, weighed_at: datetime | None = None) -> list[CardView]:
    """Return the cards with their stances, in two queries."""
    pieces = tuple(evidence)
    return _dress(pieces, stances_of(pieces), answers_to(pieces), weighed_at)


def _cards(rows: BoardRows, *, weighed_at: datetime | None) -> list[CardView]:
    return _dress(rows.evidence, rows.stances, rows.answers, weighed_at)


def _dress(
    evidence: tuple[Evidence, ...],
    stances: tuple[Stance, ...],
    answers: dict[int, Evidence],
    weighed_at: datetime | None,
) -> list[CardView]:
    said: dict[int, list[Stance]] = defaultdict(list)
    for stance in stances:
        said[stance.evidence_id].append(stance)
    return [_card(row, said[row.pk], answers.get(row.pk), weighed_at) for row in evidence]


def _card(
    row: Evidence, stances: list[Stance], answer: Evidence | None, weighed_at: datetime | None
) -> CardView:
    agent = row.author.partition("/")[2]
    is_agent = row.author.startswith("agent/")
    ordered = sorted(stances, key=lambda s: -abs(s.weight_decibans))
    views = tuple(_stance(s) for s in ordered)
    blank = StanceView(_blank(row, weighed_at), "neutral", "", "")
    lines = row.sample.get("lines")
    challenge = ""
    if answer is not None:
        kept = answer.sample.get("finding", {})
        verb = "survived" if kept.get("presence") == "present" else "did not survive"
        challenge = f"Challenged: {verb} (E{answer.number})."
    return CardView(
        row=row,
        agent=agent if is_agent else "human",
        glyph=words.GLYPHS.get(agent, "○"),
        name=words.NAMES.get(agent, agent),
        main=views[0] if views else blank,
        others=views[1:],
        lines=tuple(str(x) for x in lines[:5]) if isinstance(lines, list) else (),
        challenge=challenge,
    )


def _blank(row: Evidence, weighed_at: datetime | None) -> str:
    if row.kind == "gap":
        return "data gap · lowers coverage"
    is_weighed = weighed_at is not None and row.posted_at <= weighed_at
    return "· does not separate" if is_weighed else "not weighed yet"


def _stance(stance: Stance) -> StanceView:
    name = f"H{stance.hypothesis.number}"
    text = {
        StanceKind.SUPPORTS: f"+ supports {name}",
        StanceKind.REFUTES: f"− refutes {name}",
        StanceKind.NEUTRAL: f"· does not separate {name}",
    }[StanceKind(stance.kind)]
    return StanceView(text, stance.kind, words.strength(stance.weight_decibans), stance.rule)


def _hypotheses(rows: list[Hypothesis]) -> list[HypothesisView]:
    """Rank by fewest contradictions among the living, then by probability."""

    def order(row: Hypothesis) -> tuple[bool, bool, float, int]:
        is_out = row.state == HypothesisState.RULED_OUT
        return is_out, row.posterior is None, -(row.posterior or 0.0), row.number

    return [
        HypothesisView(
            row=row,
            likelihood=words.likelihood(row.posterior),
            bar=round((row.posterior or 0.0) * 100),
            by=_by(row.author),
        )
        for row in sorted(rows, key=order)
    ]


def _by(author: str) -> str:
    """Return who posted a hypothesis, where it was not the rules."""
    if author == "agent/model":
        return "a language model, tested by the rules"
    return author.partition("/")[2] if author.startswith("person/") else ""


def _timeline(
    investigation: Investigation, entries: dict[str, list[dict[str, object]]]
) -> Timeline:
    incident = investigation.incident
    return build_timeline(
        entries[EntryKind.LANE][:4],
        entries[EntryKind.CHANGE],
        start=_axis_start(investigation),
        end=investigation.window_end,
        impact_from=incident.started_at,
        impact_to=incident.mitigated_at or incident.resolved_at,
    )


def _axis_start(investigation: Investigation) -> datetime:
    """Begin twice the impact's length before it, at least six minutes, within the baseline."""
    started = investigation.incident.started_at
    before = max(AXIS_MIN_BEFORE, 2 * (investigation.window_end - started))
    return max(investigation.baseline_start, started - before)
