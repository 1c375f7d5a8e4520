"""What the report says of ourselves: what the agents got wrong, what could not be seen, what next."""

from datetime import timedelta

from investigations.domain.report_facts import (
    Facts,
    Moment,
    clock,
    person,
    plain,
    safe,
    text_of,
    time_of,
)
from investigations.enums import GradeSource
from investigations.phrases import out_by_person
from investigations.queries.objects import BoardObject
from investigations.scale import likelihood

SLOW_ACKNOWLEDGE = timedelta(minutes=15)
SHOWN = 12


def wrong(facts: Facts) -> list[str]:
    """Leads that did not last, evidence that did not survive, actions that did not help."""
    lines = [*_leads_that_fell(facts), *_evidence_that_fell(facts), *_actions_that_failed(facts)]
    for moment in facts.grades:
        if moment.said["value"] != "right":
            note = text_of(moment.said, "note")
            by = "what came of its action" if moment.author == "system" else person(moment.author)
            lines.append(f"D{moment.said['diagnosis']} graded {safe(str(moment.said['value']))} by "
                         f"{by}{f': {note}' if note else ''} "
                         f"{facts.log(moment.sequence)}")  # fmt: skip
    if not facts.grades:
        lines.append(
            f"Whether the diagnosis was right is unknown: nothing graded it {facts.log(facts.last)}"
        )
    return lines or [f"Nothing that the journal shows {facts.log(facts.last)}"]


def graded(facts: Facts) -> str:
    """Return who or what graded the newest cause: people before what came of its action.

    A round that comes to the same cause again is not graded anew.
    """
    cause = facts.diagnoses[-1].said.get("hypothesis") if facts.diagnoses else None
    same = {m.said.get("number") for m in facts.diagnoses if m.said.get("hypothesis") == cause}
    people, outcomes = (
        [m for m in facts.graded_by(source) if m.said.get("diagnosis") in same]
        for source in (GradeSource.PERSON, GradeSource.OUTCOME)
    )
    if people:
        last = people[-1]
        return (
            f"graded {safe(str(last.said['value']))} by {person(str(last.said['author']))} "
            f"{facts.log(last.sequence)}"
        )
    if outcomes:
        last = outcomes[-1]
        return (
            f"graded {safe(str(last.said['value']))} by what came of {text_of(last.said, 'note')} "
            f"{facts.log(last.sequence)}, by no person yet"
        )
    return "nobody graded it"


def _leads_that_fell(facts: Facts) -> list[str]:
    lines = []
    for number, steps in facts.hypotheses.items():
        led = next((s for s in steps if s.said["state"] == "leading"), None)
        last = steps[-1]
        if led is not None and last.said["state"] not in {"leading", "confirmed"}:
            posterior = led.said.get("posterior")
            sure = likelihood(float(str(posterior)) if posterior is not None else None)
            lines.append(f"H{number} led at {clock(led.at)} ({sure}) and ended "
                         f"{plain(last.said['state'])}{_while_out(facts, led)}: "
                         f"{text_of(last.said, 'claim')} "
                         f"{facts.link('h', number)} {facts.log(led.sequence)}")  # fmt: skip
    verdicts = [(d.said["verdict"], d.said["hypothesis"]) for d in facts.diagnoses]
    for earlier, said in zip(facts.diagnoses, verdicts, strict=True):
        if said != verdicts[-1]:
            lines.append(f"D{earlier.said['number']} at {clock(earlier.at)} said "
                         f"{plain(said[0])}{f' (H{said[1]})' if said[1] else ''}; the last one says "
                         f"otherwise{_while_out(facts, earlier)} {facts.log(earlier.sequence)}")  # fmt: skip
    return lines


def _while_out(facts: Facts, moment: Moment) -> str:
    """Return what was out on a person's word when the agents said something; empty if nothing was."""
    told = []
    for number, steps in facts.hypotheses.items():
        before = [s for s in steps if s.sequence <= moment.sequence]
        is_out = bool(before) and before[-1].said["state"] == "ruled_out"
        who, _ = out_by_person(str(before[-1].said.get("ruled_out_by", ""))) if is_out else ("", "")
        if who:
            told.append(f"H{number} was out on {safe(who)}'s word")
    return f", while {' and '.join(told[:3])}" if told else ""


def _evidence_that_fell(facts: Facts) -> list[str]:
    lines = []
    for number, moment in facts.evidence.items():
        target = moment.said.get("challenges")
        # A re-check that carries no feature any more did not find the thing again.
        if target is not None and not moment.said.get("feature"):
            lines.append(f"{facts.link('e', target)} was challenged; the re-check did not find it "
                         f"again: {text_of(moment.said, 'claim')} {facts.link('e', number)}")  # fmt: skip
    return lines


def _is_of_person(said: BoardObject) -> bool:
    """Whether a person asked for an action that the agents name for no cause."""
    return bool(said.get("requested_by")) and not said.get("treats")


def _actions_that_failed(facts: Facts) -> list[str]:
    """Return what the agents planned and what did not help; what only a person wanted is no error of theirs."""
    bad = {"failed", "undone", "inconclusive", "halted", "unknown"}
    return [
        f"A{number} {text_of(steps[-1].said, 'title')}: {plain(steps[-1].said.get('state'))}. "
        f"{text_of(steps[-1].said, 'result')} {facts.link('a', number)} "
        f"{facts.log(steps[-1].sequence)}"
        for number, steps in facts.actions.items()
        if steps[-1].said.get("state") in bad and not _is_of_person(steps[-1].said)
    ]


def gaps(facts: Facts) -> list[str]:
    """What could not be looked at."""
    lines = [
        f"{text_of(m.said, 'claim')} {facts.link('e', number)}"
        for number, m in facts.evidence.items()
        if m.said.get("kind") == "gap"
    ][:SHOWN]
    if facts.diagnoses:
        last = facts.diagnoses[-1]
        said = last.said.get("gaps")
        known = " ".join(lines)
        for gap in said if isinstance(said, list) else []:
            text = safe(str(gap.get("text", "")))
            if text and text not in known:
                lines.append(f"{text} {facts.log(last.sequence)}")
        asked, answered = last.said.get("sources_asked"), last.said.get("sources_answered")
        lines.append(f"Coverage: {answered} of {asked} sources answered {facts.log(last.sequence)}")
    return lines or [f"Unknown: nothing was concluded {facts.log(facts.last)}"]


def follow_ups(facts: Facts) -> list[str]:
    """What to do next, as far as the journal shows it. Each begins with a verb; owners are people's."""
    lines = []
    last = facts.diagnoses[-1] if facts.diagnoses else None
    if last is not None:
        steps = last.said.get("next_steps")
        lines += [f"{safe(str(s))} {facts.log(last.sequence)}"
                  for s in (steps if isinstance(steps, list) else [])[:SHOWN]]  # fmt: skip
    for number, moment in facts.evidence.items():
        if moment.said.get("kind") == "gap" and len(lines) < SHOWN:
            lines.append(
                f"Close the gap: {text_of(moment.said, 'claim')} {facts.link('e', number)}"
            )
    for number, moves in facts.actions.items():
        if moves[-1].said.get("state") == "succeeded":
            lines.append(f"Make what mended it last: {text_of(moves[-1].said, 'title')} "
                         f"{facts.link('a', number)}")  # fmt: skip
    lines += _habits(facts)
    return lines or [f"None that the journal shows {facts.log(facts.last)}"]


def _habits(facts: Facts) -> list[str]:
    lines = []
    said, first = facts.one("incident"), facts.incident[0]
    deed = facts.first_deed()
    seen = time_of(said, "acknowledged_at") or (deed.at if deed else None)
    if seen is None or seen - first.at > SLOW_ACKNOWLEDGE:
        lines.append(f"Find out why nobody acknowledged it sooner {facts.log(first.sequence)}")
    if not facts.updates:
        lines.append(f"Decide who tells those who wait: no status update was posted "
                     f"{facts.log(facts.last)}")  # fmt: skip
    if facts.diagnoses and not facts.graded_by(GradeSource.PERSON):
        lines.append(f"Grade the diagnosis {facts.log(facts.diagnoses[-1].sequence)}")
    return lines
