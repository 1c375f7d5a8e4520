"""What a post-mortem is drafted from: the journal, read once, in order."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from investigations.enums import GradeSource, HypothesisState
from investigations.models import HURT_FEATURES, BoardEvent
from investigations.queries.beginning import first_hurt, first_seen
from investigations.queries.board import EVENT_PAGE, Collections, apply_event
from investigations.queries.objects import BoardObject
from investigations.typed_text import without_controls, without_reordering

# What CommonMark reads as markup inside a line; our lines never begin with foreign text.
_MARKUP = re.compile(r"([\\`*_\[\]<>&|~])")


@dataclass(frozen=True, slots=True)
class Moment:
    """One event that matters, with the object as it then was."""

    sequence: int
    at: datetime
    author: str
    sentence: str
    said: BoardObject


@dataclass
class Facts:
    """The journal of one investigation, sorted by what it is about."""

    incident_id: int
    final: Collections = field(default_factory=dict)
    incident: list[Moment] = field(default_factory=list)
    alerts: list[Moment] = field(default_factory=list)
    evidence: dict[int, Moment] = field(default_factory=dict)
    hypotheses: dict[int, list[Moment]] = field(default_factory=lambda: defaultdict(list))
    diagnoses: list[Moment] = field(default_factory=list)
    actions: dict[int, list[Moment]] = field(default_factory=lambda: defaultdict(list))
    changes: dict[str, Moment] = field(default_factory=dict)
    steering: list[Moment] = field(default_factory=list)
    updates: list[Moment] = field(default_factory=list)
    handoffs: list[Moment] = field(default_factory=list)
    grades: list[Moment] = field(default_factory=list)
    last: int = 0

    def one(self, collection: str) -> BoardObject:
        """Return the single object of a collection as it is at the end."""
        return self.final.get(collection, {}).get(collection, {})

    def verdicts(self) -> list[tuple[Moment, list[Moment]]]:
        """Return the verdicts, each with those right after it that say the same."""
        found: list[tuple[Moment, list[Moment]]] = []
        for moment in self.diagnoses:
            told = (moment.said["verdict"], moment.said["summary"])
            if found and told == (found[-1][0].said["verdict"], found[-1][0].said["summary"]):
                found[-1][1].append(moment)
            else:
                found.append((moment, []))
        return found

    def graded_by(self, source: GradeSource) -> list[Moment]:
        """Return the grades of one source, in order. Earlier journals name none: people's."""
        return [m for m in self.grades if m.said.get("source", GradeSource.PERSON) == source]

    def first_deed(self) -> Moment | None:
        """Return what a person did first after it was opened, of what is kept here."""
        told = [*self.incident[1:], *self.steering, *self.updates, *self.handoffs]
        told += [m for steps in (*self.actions.values(), *self.hypotheses.values()) for m in steps]
        deeds = [m for m in told if m.author.startswith("person/")]
        return min(deeds, key=lambda m: m.sequence, default=None)

    def log(self, sequence: int) -> str:
        """Return a link to an event's line in the log."""
        page = (sequence - 1) // EVENT_PAGE * EVENT_PAGE
        return f"[#{sequence}](/i/{self.incident_id}/log/?after={page}#n{sequence})"

    def link(self, kind: str, number: object) -> str:
        """Return a link to a numbered thing: ``e`` evidence, ``h`` hypothesis, ``a`` action."""
        return f"[{kind.upper()}{number}](/i/{self.incident_id}/{kind}/{number}/)"


def read_facts(incident_id: int, events: Iterable[BoardEvent]) -> Facts:
    """Sort the events of one investigation. They must come in the order of their sequence."""
    facts = Facts(incident_id)
    for event in events:
        apply_event(facts.final, event)
        facts.last = event.sequence
        for collection, rows in event.payload.get("upsert", {}).items():
            for key, said in rows.items():
                moment = Moment(
                    event.sequence, event.at, event.author, event.payload.get("sentence", ""), said
                )
                _sort(facts, collection, key, moment)
    return facts


def _sort(facts: Facts, collection: str, key: str, moment: Moment) -> None:
    lists = {
        "incident": facts.incident, "alerts": facts.alerts, "diagnoses": facts.diagnoses,
        "steering": facts.steering, "updates": facts.updates, "handoffs": facts.handoffs,
        "grades": facts.grades,
    }  # fmt: skip
    if collection == "evidence":
        facts.evidence.setdefault(number_of(moment.said), moment)
    elif collection == "hypotheses":
        facts.hypotheses[number_of(moment.said)].append(moment)
    elif collection == "entries":
        data = cast("BoardObject", moment.said["data"])
        inner = Moment(moment.sequence, moment.at, moment.author, moment.sentence, data)
        if key.startswith("action/"):
            facts.actions[number_of(data)].append(inner)
        elif key.startswith("change/"):
            facts.changes.setdefault(key.removeprefix("change/"), inner)
    elif collection in lists:
        lists[collection].append(moment)


def number_of(said: BoardObject) -> int:
    """Return an object's number on the board."""
    return int(str(said["number"]))


def began_of(facts: Facts) -> tuple[datetime | None, str]:
    """Return when it began, as every page says, with the anchors that show it."""
    told, anchor = (
        time_of(facts.one("incident"), "started_at"),
        facts.log(facts.incident[0].sequence),
    )
    if not facts.diagnoses:
        return told, anchor
    said = facts.diagnoses[-1].said
    led = facts.hypotheses.get(int(str(said["hypothesis"] or 0)))
    if led and led[-1].said["state"] == HypothesisState.RULED_OUT:
        return told, anchor
    chain = cast("list[BoardObject]", said.get("causal_chain") or [])
    first = first_seen(chain)
    if first is None or told is None or first >= told:
        return told, anchor
    shown = next(x for x in chain if first_seen([x]) == first)
    return first, facts.link("e", shown["evidence"])


def hurt_of(facts: Facts) -> tuple[datetime | None, str]:
    """Return when users were first hurt, as every page says, with the anchor that shows it."""
    (began, _), said = began_of(facts), facts.one("incident")
    told = time_of(said, "started_at")
    if began is None or told is None:
        return None, ""
    seen = {
        onset: number for number, moment in reversed(facts.evidence.items())
        if _hurts(moment.said, said) and (onset := time_of(moment.said, "onset_at"))
    }  # fmt: skip
    since = first_hurt(began=began, told=told, onsets=seen)
    if since in seen:
        return since, facts.link("e", seen[since])
    return since, facts.log(facts.incident[0].sequence)


def _hurts(said: BoardObject, incident: BoardObject) -> bool:
    """Whether evidence shows that what the incident is about was slow or failed."""
    return (
        said.get("feature") in HURT_FEATURES and said["resource"] == incident["resource"]
        and said.get("magnitude") is not None and not said.get("peer") and not said.get("challenges")
    )  # fmt: skip


def text_of(said: BoardObject, name: str, limit: int = 300) -> str:
    """Return foreign text as one line that Markdown shows as it is; empty for None."""
    value = said.get(name)
    return safe("" if value is None else str(value), limit)


def safe(text: str, limit: int = 300) -> str:
    """Return text as one line without markup, controls or turned direction, cut to a length."""
    line = " ".join(without_reordering(without_controls(text)).split())
    line = line if len(line) <= limit else f"{line[: limit - 1]}…"
    return _MARKUP.sub(r"\\\1", line)


def plain(slug: object) -> str:
    """Return a slug as words."""
    return safe(str(slug or "").replace("_", " "))


def person(author: str) -> str:
    """Return an author's name without its kind."""
    return safe(author.partition("/")[2] or author)


def clock(at: datetime) -> str:
    """Return a time of day in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%SZ}"


def day(at: datetime) -> str:
    """Return a date and time in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def time_of(said: BoardObject, name: str) -> datetime | None:
    """Return a time of an object, or None."""
    value = said.get(name)
    return datetime.fromisoformat(str(value)) if value else None
