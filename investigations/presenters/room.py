"""The war room as one view model, in a bounded number of queries."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from investigations.enums import (
    EntryKind,
    IncidentOrigin,
    IncidentState,
)
from investigations.models import (
    Diagnosis,
    Incident,
    Investigation,
)
from investigations.presenters import words
from investigations.presenters.answers import Answers, answers_of, coverage_of, under_way
from investigations.presenters.axis import Axis, axis_of
from investigations.presenters.beginning import Beginning, beginning_of
from investigations.presenters.cards import CardView, dress
from investigations.presenters.closing import Offer, offer_of
from investigations.presenters.consensus import Consensus, consensus_of
from investigations.presenters.hypothesis_rows import HypothesisView, hypotheses_of, nested
from investigations.presenters.lanes import SHOWN, Wanted
from investigations.presenters.model import ModelSummary, note_of, summary_of
from investigations.presenters.steering import Delivery, delivery_of
from investigations.presenters.stream import AgentView, agents_of
from investigations.presenters.timeline import Timeline, build_timeline
from investigations.presenters.views import PersonDissent, dissents_of
from investigations.queries.grades import track_record
from investigations.queries.handoffs import offered_to
from investigations.queries.history import HistoryRow
from investigations.queries.likeness import similar_incidents
from investigations.queries.rows import NEWEST, BoardRows, Entry, Paging, claims_of, rows_now

POSTED = 2
FOREMOST = 2


@dataclass(frozen=True, slots=True)
class Room:
    """Everything the room shows, as of ``sequence``."""

    incident: Incident
    investigation: Investigation
    sequence: int
    deciding: tuple[CardView, ...]
    cards: tuple[CardView, ...]
    against: tuple[int, ...]
    support: tuple[int, ...]
    evidence_count: int
    agent_counts: tuple[tuple[str, str, int], ...]
    oldest_number: int | None
    hypotheses: tuple[HypothesisView, ...]
    diagnosis: Diagnosis | None
    answers: Answers
    offer: Offer | None
    consensus: Consensus | None
    rests_on: tuple[tuple[int, str], ...]
    weighed: tuple[PersonDissent, ...]
    record: str
    model_summary: ModelSummary | None
    model_note: str
    agents: tuple[AgentView, ...]
    actions: tuple[dict[str, object], ...]
    timeline: Timeline
    messages: tuple[Delivery, ...]
    similar: tuple[HistoryRow, ...]
    offered_to: str
    beginning: Beginning
    severity_glyph: str
    now: datetime

    @property
    def first(self) -> tuple[int, ...]:
        """The evidence that decides, as it leads a page."""
        return (*self.support, *self.against)

    @property
    def axis(self) -> Axis:
        """The one time axis of everything shown."""
        return self.timeline.axis

    @property
    def likelihood(self) -> str:
        """How likely the diagnosis is, in word and number; empty before there is one."""
        return words.likelihood(self.diagnosis.confidence) if self.diagnosis else ""

    @property
    def rivals(self) -> tuple[HypothesisView, ...]:
        """The hypotheses of which only one can hold, each with its parts."""
        return nested(self.hypotheses)

    @property
    def foremost(self) -> tuple[HypothesisView, ...]:
        """The hypotheses that a phone shows unasked: the leader and the rival next to it."""
        return self.rivals[:FOREMOST]

    @property
    def further(self) -> tuple[HypothesisView, ...]:
        """The hypotheses that a phone folds away."""
        return self.rivals[FOREMOST:]

    @property
    def out_count(self) -> int:
        """How many of those are ruled out."""
        return sum(h.is_out for h in self.further)

    @property
    def others_count(self) -> int:
        """How many pieces of evidence there are beside those that decide."""
        return self.evidence_count - len(self.deciding)

    @property
    def posted(self) -> tuple[HypothesisView, ...]:
        """What people posted, the newest first: it is told where they posted it how it fares."""
        own = [h for h in self.hypotheses if h.row.author.startswith("person/")]
        return tuple(sorted(own, key=lambda h: -h.row.number)[:POSTED])

    @property
    def standing(self) -> str:
        """The incident's state in words; one that is called mitigated may not be verified yet."""
        said = self.incident.get_state_display()
        is_early = self.incident.state == IncidentState.MITIGATED and under_way(self.actions)
        return f"{said}, not verified" if is_early else said

    @property
    def waiting(self) -> Entry | None:
        """The action that waits for an approver and is told to be next, if one does."""
        step = self.answers.next
        return next((a for a in self.actions if step.waits and a["number"] == step.action), None)

    @property
    def coverage(self) -> str:
        """Coverage, in its own sentence."""
        return coverage_of(self.diagnosis)


def build_room(
    investigation: Investigation, *, now: datetime, paging: Paging = NEWEST,
    has_cards: bool = True, has_charts: bool = True,
) -> Room:  # fmt: skip
    """Read the board for the page."""
    rows = rows_now(investigation, paging=paging)
    return room_of(rows, now=now, has_cards=has_cards, has_charts=has_charts)


def room_of(
    rows: BoardRows, *, now: datetime, has_cards: bool = True, has_charts: bool = True
) -> Room:
    """Dress the rows of one moment: the room's of now, or a replay's.

    ``has_cards``: whether the cards are made, which is most of the work; ``has_charts``: whether with
    their small charts.
    """
    investigation, diagnosis, entries = rows.investigation, rows.diagnosis, rows.entries
    incident = investigation.incident
    counts = Counter(author.partition("/")[2] for author in rows.authors)
    actions = tuple(sorted(entries[EntryKind.ACTION], key=lambda a: -int(str(a["number"]))))
    timeline = timeline_of(rows)
    lead = list(rows.support)
    cited = [int(n) for n in diagnosis.cited] if diagnosis else []
    claims = claims_of(investigation, {*cited, *lead})
    is_similar_shown = investigation.is_over and not rows.is_replay
    weighed_at = diagnosis.reached_at if diagnosis else None
    cards = partial(dress, stances=rows.stances, answers=rows.answers, weighed_at=weighed_at,
                    axis=timeline.axis if has_charts else None, challenges=rows.challenges,
                    lead=diagnosis.hypothesis_id if diagnosis else None)  # fmt: skip
    told = (incident, investigation, diagnosis, timeline, actions)
    return Room(
        incident=incident,
        investigation=investigation,
        sequence=rows.sequence,
        deciding=tuple(cards(rows.deciding)) if has_cards else (),
        cards=tuple(cards(rows.evidence)) if has_cards else (),
        against=rows.against,
        support=rows.support,
        evidence_count=len(rows.authors),
        agent_counts=tuple(
            (agent, words.NAMES[agent], counts.get(agent, 0))
            for agent in ("network", "deployment", "database", "resource")
        ),
        oldest_number=rows.older_than,
        hypotheses=tuple(hypotheses_of(rows)),
        diagnosis=diagnosis,
        answers=answers_of(*told, now=now, alerting=rows.alerting, hypotheses=rows.hypotheses),
        offer=offer_of(incident, diagnosis, timeline, actions),
        consensus=consensus_of(diagnosis, claims, spoken=counts, lead=lead),
        rests_on=tuple((n, claims[n]) for n in (lead or cited)[:3] if n in claims),
        weighed=dissents_of(rows.views),
        record=track_record(
            diagnosis.confidence if diagnosis else None,
            practice=incident.origin == IncidentOrigin.PRACTICE,
        ),
        model_summary=summary_of(entries[EntryKind.MODEL_SUMMARY], diagnosis),
        model_note=note_of(entries[EntryKind.MODEL_CALL], investigation.round),
        agents=agents_of(investigation, entries[EntryKind.AGENT], sequence=rows.sequence),
        actions=actions,
        timeline=timeline,
        messages=tuple(delivery_of(row) for row in rows.messages),
        similar=tuple(similar_incidents(incident)) if is_similar_shown else (),
        offered_to="" if rows.is_replay or incident.is_over else offered_to(investigation),
        beginning=beginning_of(incident, diagnosis, now=now),
        severity_glyph=words.SEVERITY_GLYPHS[incident.severity],
        now=now,
    )


def timeline_of(rows: BoardRows, *, limit: int = SHOWN) -> Timeline:
    """Return the timeline of these rows, with at most ``limit`` lanes."""
    investigation, diagnosis, entries = rows.investigation, rows.diagnosis, rows.entries
    incident = investigation.incident
    cited = tuple(int(n) for n in diagnosis.cited) if diagnosis else ()
    cause = diagnosis.resource.rpartition("/")[2] if diagnosis else ""
    symptom = incident.resource.rpartition("/")[2]
    suspects: list[str | int] = [diagnosis.change_id] if diagnosis and diagnosis.change_id else []
    return build_timeline(
        entries[EntryKind.LANE],
        entries[EntryKind.CHANGE],
        axis_of(investigation),
        wanted=Wanted(symptom, incident.semantic, cause, cited, incident.started_at.timestamp()),
        suspects=[*suspects, *cited],
        onsets=rows.onsets,
        actions=[*entries[EntryKind.ACTION], *rows.elsewhere],
        limit=limit,
    )
