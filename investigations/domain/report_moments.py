"""The key moments of an incident: for the report's list, and for the ticks of the replay."""

from dataclasses import dataclass
from datetime import datetime

from investigations.domain.report_facts import Facts, Moment, clock, person, plain, safe, text_of
from investigations.phrases import out_by_person

MOST = 80
ALERTS = 5


@dataclass(frozen=True, slots=True)
class KeyMoment:
    """One moment: when, which event, what in Markdown-safe words, and another anchor if any."""

    sequence: int
    at: datetime
    text: str
    anchor: str = ""


def moments(facts: Facts) -> list[str]:
    """Return the lines of the report's section."""
    found = key_moments(facts)
    lines = [f"{clock(m.at)} {m.text} {m.anchor} {facts.log(m.sequence)}".replace("  ", " ")
             for m in found[:MOST]]  # fmt: skip
    if len(found) > MOST:
        lines.append(f"and {len(found) - MOST} more {facts.log(found[MOST].sequence)}")
    return lines


def key_moments(facts: Facts) -> list[KeyMoment]:
    """Return what turned the incident, in order of the journal."""
    found = [
        *_incident(facts), *_suspicions(facts), *_actions(facts),
        *(KeyMoment(m.sequence, m.at, safe(m.sentence)) for m in firing(facts)[:ALERTS]),
        *(KeyMoment(m.sequence, m.at, f"told to those who wait by {person(m.author)}: "
                    f"{text_of(m.said, 'text')}") for m in facts.updates),
        *(KeyMoment(m.sequence, m.at, safe(m.sentence)) for m in facts.handoffs),
        *(KeyMoment(m.sequence, m.at, f"{plain(m.said['verdict'])}: {text_of(m.said, 'summary')}")
          for m, _ in facts.verdicts()),
        *(KeyMoment(m.sequence, m.at, f"{person(m.author)} asked: {text_of(m.said, 'text')}")
          for m in facts.steering if m.said.get("state") == "sent"),
    ]  # fmt: skip
    if facts.evidence:
        first = facts.evidence[min(facts.evidence)]
        number = min(facts.evidence)
        found.append(KeyMoment(first.sequence, first.at, "first evidence: "
                               + text_of(first.said, "claim"), facts.link("e", number)))  # fmt: skip
    return sorted(found, key=lambda m: m.sequence)


def firing(facts: Facts) -> list[Moment]:
    """Return when alerts began, without their ends; many that one event told of are one moment."""
    found = {m.sequence: m for m in facts.alerts if m.said.get("status") == "firing"}
    return list(found.values())


def _incident(facts: Facts) -> list[KeyMoment]:
    """Opened, another state, another severity, another lead."""
    found: list[KeyMoment] = []
    was: Moment | None = None
    for moment in facts.incident:
        names = ("state", "severity", "lead")
        if was is None or any(was.said.get(n) != moment.said.get(n) for n in names):
            found.append(KeyMoment(moment.sequence, moment.at, safe(moment.sentence)))
        was = moment
    return found


def _suspicions(facts: Facts) -> list[KeyMoment]:
    """A hypothesis posted by a person, leading, or ruled out."""
    found = []
    for number, steps in facts.hypotheses.items():
        anchor, was = facts.link("h", number), ""
        if str(steps[0].said["author"]).startswith("person/"):
            found.append(KeyMoment(steps[0].sequence, steps[0].at, safe(steps[0].sentence), anchor))
        for step in steps:
            state = str(step.said["state"])
            if state != was and state in {"leading", "ruled_out", "confirmed"}:
                by, _ = out_by_person(str(step.said.get("ruled_out_by", "")))
                how = f" on {safe(by)}'s word" if by and state == "ruled_out" else ""
                text = f"H{number} {plain(state)}{how}: {text_of(step.said, 'claim')}"
                found.append(KeyMoment(step.sequence, step.at, text, anchor))
            was = state
    return found


def _actions(facts: Facts) -> list[KeyMoment]:
    found = []
    for number, steps in facts.actions.items():
        was = ""
        for step in steps:
            state = str(step.said.get("state"))
            if state != was:
                text = f"A{number} {plain(state)}: {text_of(step.said, 'title')}"
                found.append(KeyMoment(step.sequence, step.at, text, facts.link("a", number)))
            was = state
    return found
