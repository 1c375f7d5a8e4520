"""The rows a room is made of: as they are now, or as the journal says they were at a sequence.

Pages are built from these rows only, so that a replay is made by the same presenters and partials
as the room itself. Who shows something new of the board on the room adds it here, in both readers.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import Func, Max, Model, Q

from investigations.enums import BoardEventKind, EntryKind, SteeringKind
from investigations.models import (
    BoardEntry,
    BoardEvent,
    Diagnosis,
    Evidence,
    Hypothesis,
    Investigation,
    Stance,
    SteeringMessage,
)
from investigations.queries.board import Collections, apply_event, views_of
from investigations.queries.deciding import (
    Weights,
    strongest_against,
    strongest_for,
    strongest_then,
    weights_now,
    weights_then,
)
from investigations.queries.elsewhere import acts_elsewhere
from investigations.queries.objects import BoardObject, stance_key, view_object

# A desktop shows five cards; what is below is read on the way down.
PAGE = 25
MESSAGES = 4
# Messages among which a card's challenge is looked for.
ASKED = 200
# More resources that alert are no list that anybody reads.
ALERTING = 50
# Changes have marks of their own on the timeline, and a gap begins nothing.
UNMARKED = {"change", "gap"}
Row = TypeVar("Row", bound=Model)
Entry = dict[str, object]
Entries = dict[str, list[Entry]]


@dataclass(frozen=True, slots=True)
class BoardRows:
    """One moment of a board. ``evidence`` is one page, newest first; ``stances`` are of its cards.

    ``deciding`` are those that decide for the diagnosis, put before the page: never on it as well.
    ``older_than`` is where the next page begins, if there may be one.
    ``answers`` maps a challenged piece's row id to the piece that re-checked it, ``challenges`` its
    name (``E12``) to the newest person's challenge; ``onsets`` are numbers of evidence with the
    moment at which what it tells of began; ``support`` are those for the diagnosis's hypothesis,
    strongest first, ``against`` the strongest that speaks against it; ``alerting`` the keys of
    resources with an alert of this incident, over or not; ``weights`` what each piece weighs for each
    hypothesis, by their numbers; ``elsewhere`` what was done for other incidents to the resources of
    this one. Rows of a replay are never saved.
    """

    investigation: Investigation
    sequence: int
    evidence: tuple[Evidence, ...]
    authors: tuple[str, ...]
    onsets: tuple[tuple[int, datetime], ...]
    stances: tuple[Stance, ...]
    answers: dict[int, Evidence]
    challenges: dict[str, SteeringMessage]
    hypotheses: tuple[Hypothesis, ...]
    diagnosis: Diagnosis | None
    support: tuple[int, ...]
    entries: Entries
    messages: tuple[SteeringMessage, ...]
    views: tuple[BoardObject, ...] = ()
    is_replay: bool = False
    against: tuple[int, ...] = ()
    deciding: tuple[Evidence, ...] = ()
    older_than: int | None = None
    alerting: tuple[str, ...] = ()
    weights: Weights = field(default_factory=dict)
    elsewhere: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """Which cards of a board are wanted.

    ``before``: older than this number. ``put_first``: whether the deciding ones lead. ``without``:
    numbers that the page holds already. ``size``: how many in all.
    """

    before: int | None = None
    put_first: bool = False
    without: frozenset[int] = frozenset()
    size: int = PAGE


NEWEST = Paging()


def rows_now(investigation: Investigation, *, paging: Paging = NEWEST) -> BoardRows:
    """Read the board as it is, with one page of its cards."""
    found = Evidence.objects.filter(investigation=investigation).select_related("challenges")
    newest = investigation.diagnoses.order_by("-number").select_related("hypothesis").first()
    support, against = strongest_for(newest), strongest_against(newest)
    first = {n: place for place, n in enumerate((*support, *against)) if paging.put_first}
    decide = sorted(found.filter(number__in=first), key=lambda row: first[row.number])
    shown = found.filter(number__lt=paging.before) if paging.before else found
    if without := paging.without | first.keys():
        shown = shown.exclude(number__in=without)
    size = paging.size - len(decide)
    evidence = tuple(shown.order_by("-number")[:size])
    cards = (*decide, *evidence)
    entries: Entries = defaultdict(list)
    for entry in BoardEntry.objects.filter(investigation=investigation):
        entries[entry.kind].append(entry.data)
    every = list(found.values_list("author", "number", "onset_at", "kind"))
    asked = tuple(investigation.steering.order_by("-number")[:ASKED])
    return BoardRows(
        investigation=investigation,
        sequence=investigation.last_sequence,
        evidence=evidence,
        authors=tuple(author for author, *_ in every),
        onsets=tuple((n, at) for _, n, at, kind in every if at and kind not in UNMARKED),
        stances=stances_of(cards),
        answers=answers_to(cards),
        hypotheses=tuple(Hypothesis.objects.filter(investigation=investigation)),
        diagnosis=newest,
        support=support,
        entries=entries,
        challenges=_challenges(asked),
        messages=asked[:MESSAGES],
        views=tuple(view_object(view) for view in views_of(investigation)),
        against=against,
        deciding=tuple(decide),
        older_than=evidence[-1].number if len(evidence) == size else None,
        alerting=alerting_of(investigation),
        weights=weights_now(investigation),
        elsewhere=acts_elsewhere(investigation, entries[EntryKind.LANE]),
    )


def alerting_of(investigation: Investigation) -> tuple[str, ...]:
    """Return the keys of resources that have, or had, an alert of the incident. One query."""
    rows = investigation.incident.alerts.order_by("resource").values_list("resource", flat=True)
    return tuple(rows.distinct()[:ALERTING])


def stances_of(evidence: tuple[Evidence, ...]) -> tuple[Stance, ...]:
    """Return what these pieces say of hypotheses. One query."""
    found = Stance.objects.filter(evidence__in=evidence)
    return tuple(found.select_related("hypothesis", "evidence"))


def answers_to(evidence: tuple[Evidence, ...]) -> dict[int, Evidence]:
    """Return the newest re-check of each challenged piece, by its row id. One query."""
    found = Evidence.objects.filter(challenges__in=evidence).order_by("number")
    return {row.challenges_id or 0: row for row in found}


def _challenges(newest_first: tuple[SteeringMessage, ...]) -> dict[str, SteeringMessage]:
    asked = [m for m in newest_first if m.kind == SteeringKind.CHALLENGE]
    return {message.subject: message for message in reversed(asked)}


def challenge_of(row: Evidence) -> dict[str, SteeringMessage]:
    """Return the newest person's challenge of a piece, by its name, if there is one. One query."""
    asked = row.investigation.steering.filter(kind=SteeringKind.CHALLENGE, subject=f"E{row.number}")
    return _challenges(tuple(asked.order_by("-number")[:1]))


def claims_of(investigation: Investigation, numbers: set[int]) -> dict[int, str]:
    """Return the claims of evidence by number. One query."""
    found = Evidence.objects.filter(investigation=investigation, number__in=numbers)
    return dict(found.values_list("number", "claim"))


def evidence_citing(row: Evidence) -> list[Diagnosis]:
    """Return the diagnoses that rest on a piece of evidence, newest first. One query."""
    found = row.investigation.diagnoses.filter(cited__contains=[row.number])
    return list(found.order_by("-number"))


def fold(investigation_id: int, *, sequence: int) -> Collections:
    """Return the board's collections after the events up to a sequence."""
    collections: Collections = {}
    is_lanes = Q(kind=BoardEventKind.LANES_READ)
    events = BoardEvent.objects.filter(
        ~is_lanes | Q(sequence__in=_last_readings(investigation_id, sequence)),
        investigation_id=investigation_id, sequence__lte=sequence,
    ).order_by("sequence")  # fmt: skip
    for event in events.iterator(chunk_size=500):
        apply_event(collections, event)
    return collections


def _last_readings(investigation_id: int, sequence: int) -> list[int]:
    """Return the readings of lanes that count: of each lane the last one, which holds it whole.

    They are the largest events of a journal, and a long one has hundreds.
    """
    rows = BoardEvent.objects.filter(
        investigation_id=investigation_id, sequence__lte=sequence, kind=BoardEventKind.LANES_READ
    )
    lanes = rows.annotate(lane=Func("payload__upsert__entries", function="jsonb_object_keys"))
    last = lanes.values("lane").annotate(last=Max("sequence")).order_by()
    return sorted({row["last"] for row in last})


def rows_at(investigation: Investigation, *, sequence: int) -> BoardRows:
    """Return the board as it was after an event, by folding the journal up to it.

    What never changes once written (evidence, diagnoses) is read from its table; everything that
    moves has the values of the fold.
    """
    board = fold(investigation.pk, sequence=sequence)
    run = _as_of(investigation, _one(board, "investigation"))
    run.incident = _as_of(investigation.incident, _one(board, "incident"))
    run.last_sequence = sequence
    pieces = board.get("evidence", {})
    known = Evidence.objects.filter(
        investigation=investigation, number__in=[p["number"] for p in pieces.values()]
    ).select_related("challenges")
    by_number = {row.number: row for row in known.order_by("-number")}
    evidence = tuple(by_number.values())[:PAGE]
    hypotheses = _overlaid(
        Hypothesis.objects.filter(investigation=investigation), board.get("hypotheses", {})
    )
    concluded = _diagnosis(investigation, board, hypotheses)
    messages = _overlaid(investigation.steering.order_by("number"), board.get("steering", {}))
    entries = _entries(board)
    return BoardRows(
        investigation=run,
        sequence=sequence,
        evidence=evidence,
        authors=tuple(str(p["author"]) for p in pieces.values()),
        onsets=tuple(
            (int(str(p["number"])), datetime.fromisoformat(str(p["onset_at"])))
            for p in pieces.values()
            if p["onset_at"] and p["kind"] not in UNMARKED
        ),
        stances=_stances(board, evidence, hypotheses),
        answers={
            row.challenges_id: row for row in reversed(by_number.values()) if row.challenges_id
        },
        hypotheses=tuple(hypotheses),
        diagnosis=concluded,
        support=strongest_then(board, concluded),
        entries=entries,
        elsewhere=acts_elsewhere(run, entries[EntryKind.LANE]),
        challenges=_challenges(tuple(reversed(messages))),
        messages=tuple(reversed(messages))[:MESSAGES],
        views=tuple(board.get("views", {}).values()),
        is_replay=True,
        weights=weights_then(board),
        alerting=tuple(
            sorted({str(a["resource"]) for a in board.get("alerts", {}).values()})[:ALERTING]
        ),
    )


def _one(board: Collections, collection: str) -> BoardObject:
    return board.get(collection, {}).get(collection, {})


def _as_of(row: Row, said: BoardObject) -> Row:
    """Return a copy of a row with what the fold says of it."""
    copy = type(row)(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    _set(copy, said)
    return copy


def _set(row: Model, said: BoardObject) -> None:
    fields = {f.name: f for f in row._meta.concrete_fields}
    for name, value in said.items():
        field = fields.get(name)
        if field is None or field.is_relation or field.primary_key:
            continue
        is_time = field.get_internal_type() == "DateTimeField" and value is not None
        setattr(row, name, datetime.fromisoformat(str(value)) if is_time else value)
    for pair in ("window", "baseline"):
        times = said.get(pair)
        if isinstance(times, list) and f"{pair}_start" in fields:
            setattr(row, f"{pair}_start", datetime.fromisoformat(times[0]))
            setattr(row, f"{pair}_end", datetime.fromisoformat(times[1]))


def _overlaid(rows: Any, said: dict[str, BoardObject]) -> list[Any]:
    """Return those rows that the fold knows, by number, with its values."""
    by_number = {o["number"]: o for o in said.values()}
    found = [row for row in rows if row.number in by_number]
    for row in found:
        _set(row, by_number[row.number])
    return found


def _stances(
    board: Collections, evidence: tuple[Evidence, ...], hypotheses: list[Hypothesis]
) -> tuple[Stance, ...]:
    """Return the cards' stances in the order of their rows: an event's keys have none."""
    rivals = {row.pk: row for row in hypotheses}
    said = board.get("stances", {})
    found = []
    for row in stances_of(evidence):
        if stance_key(row) in said and row.hypothesis_id in rivals:
            row.hypothesis = rivals[row.hypothesis_id]
            _set(row, said[stance_key(row)])
            found.append(row)
    return tuple(found)


def _diagnosis(
    investigation: Investigation, board: Collections, hypotheses: list[Hypothesis]
) -> Diagnosis | None:
    numbers = [int(str(d["number"])) for d in board.get("diagnoses", {}).values()]
    if not numbers:
        return None
    found = investigation.diagnoses.get(number=max(numbers))
    found.hypothesis = next((h for h in hypotheses if h.pk == found.hypothesis_id), None)
    return found


def _entries(board: Collections) -> Entries:
    found: Entries = defaultdict(list)
    for entry in board.get("entries", {}).values():
        found[str(EntryKind(str(entry["kind"])))].append(cast("dict[str, object]", entry["data"]))
    return found
