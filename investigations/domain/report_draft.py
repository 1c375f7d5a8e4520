"""The post-mortem as code drafts it from the journal: pure, each line with its anchor.

What the journal does not say is written as unknown, with what was looked at. Nothing is guessed.
"""

from datetime import datetime
from itertools import pairwise
from typing import cast

from investigations.domain.report_facts import (
    Facts,
    Moment,
    began_of,
    clock,
    day,
    hurt_of,
    person,
    plain,
    safe,
    text_of,
    time_of,
)
from investigations.domain.report_learning import follow_ups, gaps, graded, wrong
from investigations.domain.report_moments import firing, moments
from investigations.enums import IncidentOrigin, ReportSection
from investigations.phrases import change_told, closed_for, length, shared_with, stands_of
from investigations.queries.objects import BoardObject
from investigations.scale import likelihood

SHOWN = 12


def draft_sections(facts: Facts) -> dict[str, str]:
    """Return the Markdown of every section."""
    writers = {
        ReportSection.SUMMARY: summary,
        ReportSection.IMPACT: impact,
        ReportSection.DETECTION: detection,
        ReportSection.DIAGNOSIS: diagnosis,
        ReportSection.REPAIR: repair,
        ReportSection.MOMENTS: moments,
        ReportSection.WRONG: wrong,
        ReportSection.GAPS: gaps,
        ReportSection.FOLLOW_UPS: follow_ups,
    }
    return {
        section.value: "\n".join(f"- {line}" for line in write(facts))
        for section, write in writers.items()
    }


def summary(facts: Facts) -> list[str]:
    """What, why, what mended it, which change, who was hurt."""
    said, first = facts.one("incident"), facts.incident[0]
    severity = safe(str(said["severity"]).upper())
    lines = [
        f"**What**: {severity}, {text_of(said, 'title')} on {text_of(said, 'resource')} "
        f"{facts.log(first.sequence)}",
        f"**Cause**: {_cause(facts)}",
        f"**Mitigation**: {mitigation(facts)}",
        f"**Change that led to it**: {_change(facts)}",
        f"**User impact**: {_user_impact(facts)}",
    ]
    (since, anchor), ended = hurt_of(facts), _ended(facts)
    if since and ended:
        took = length((_end_of(ended) - since).total_seconds())
        cut = _cut_short(ended)
        until = f"it was closed unmended: {cut}" if cut else "no one was hurt any more"
        lines.append(
            f"**Duration**: {took}, from when users were hurt until {until} {anchor} "
            f"{facts.log(ended.sequence)}"
        )
    return lines


def _cut_short(ended: Moment) -> str:
    """Return what it was closed for while users were still hurt; empty where it was over."""
    said = ended.said
    return "" if said["state"] == "mitigated" else closed_for(str(said.get("resolution") or ""))


def _cause(facts: Facts) -> str:
    if not facts.diagnoses:
        return f"unknown: nothing was concluded {facts.log(facts.last)}"
    found = facts.diagnoses[-1]
    said, anchor = found.said, facts.log(found.sequence)
    if said["verdict"] == "no_fault":
        return f"no fault was found {anchor}"
    number = said["hypothesis"]
    if said["verdict"] != "likely_cause" or number is None:
        return f"unknown: the agents were inconclusive. {text_of(said, 'summary')} {anchor}"
    confidence = said["confidence"]
    how_sure = likelihood(float(str(confidence)) if confidence is not None else None)
    claim = text_of(facts.hypotheses[int(str(number))][-1].said, "claim")
    return (
        f"{how_sure}: {claim} {facts.link('h', number)}{_blamed(facts)} {anchor}; {graded(facts)}"
    )


def _blamed(facts: Facts) -> str:
    """Return the change that the last cause blames, with its evidence; older journals name none."""
    blamed = facts.diagnoses[-1].said.get("blamed")
    if not isinstance(blamed, dict) or not blamed:
        return ""
    return f": {safe(change_told(str(blamed['text'])))} {facts.link('e', blamed['evidence'])}"


def mitigation(facts: Facts) -> str:
    """Return what mended it: the last action that was verified, as the room and the history name it."""
    latest = sorted(facts.actions.items(), key=lambda item: item[1][-1].sequence, reverse=True)
    for number, steps in latest:
        if steps[-1].said.get("state") == "succeeded":
            title = text_of(steps[-1].said, "title")
            return f"{title}, verified {facts.link('a', number)} {facts.log(steps[-1].sequence)}"
    ended = _ended(facts)
    if ended is None:
        return f"unknown: the journal names none {facts.log(facts.last)}"
    return f"none by an action here. {safe(ended.sentence)} {facts.log(ended.sequence)}"


def _change(facts: Facts) -> str:
    """Name the change only if the diagnosis rests on it: one that was merely near proves nothing."""
    if facts.diagnoses:
        said = facts.diagnoses[-1].said
        named = _named_now(facts, said) if "blamed" in said else _named_then(facts, said)
        if named:
            return named
    if facts.changes:
        first, count = next(iter(facts.changes.values())), len(facts.changes)
        return (
            f"unknown: {count} change{'s' if count > 1 else ''} near it, none named by the diagnosis "
            f"{facts.log(first.sequence)}"
        )
    return f"unknown: no change was found near it {facts.log(facts.last)}"


def _named_now(facts: Facts, said: BoardObject) -> str:
    blamed = said["blamed"]
    if not isinstance(blamed, dict) or not blamed:
        return ""
    anchors = f"{facts.link('e', blamed['evidence'])} {facts.link('h', said['hypothesis'])}"
    shown = facts.evidence.get(int(str(blamed["evidence"])))
    return f"{text_of(shown.said, 'claim') if shown else safe(str(blamed['text']))} {anchors}"


def _named_then(facts: Facts, said: BoardObject) -> str:
    """Return the change of the leading hypothesis: older journals do not say whether it is blamed."""
    number = said["hypothesis"]
    steps = facts.hypotheses.get(int(str(number))) if number is not None else None
    named = str(steps[-1].said.get("change_id") or "") if steps else ""
    if not named:
        return ""
    known = facts.changes.get(named[:200])
    if known is None:
        return f"{safe(named)} {facts.link('h', number)}"
    anchors = f"{facts.link('h', number)} {facts.log(known.sequence)}"
    if known.said.get("evidence"):
        anchors = f"{facts.link('e', known.said['evidence'])} {anchors}"
    return f"{text_of(known.said, 'summary') or safe(named)} {anchors}"


def _user_impact(facts: Facts) -> str:
    for moment in reversed(facts.updates):
        if moment.said.get("impact"):
            return f"{text_of(moment.said, 'impact')} {facts.log(moment.sequence)}"
    first = facts.incident[0]
    if seen := failed_requests(facts)[:1]:
        return f"nobody stated it. By the evidence: {seen[0]}"
    return f"unknown: nobody stated it. The report: {text_of(first.said, 'symptom') or 'nothing'} {facts.log(first.sequence)}"  # noqa: E501


def _ended(facts: Facts) -> Moment | None:
    """Return the move after which nobody was hurt: the last one to mitigated, or to resolved."""
    found: Moment | None = None
    was = ""
    for moment in facts.incident:
        state = str(moment.said["state"])
        if state == "open":
            found = None
        elif was in {"", "open"}:
            found = moment
        was = state
    return found


def _end_of(moment: Moment) -> datetime:
    """Return when nobody was hurt any more: it may have been told later."""
    name = "mitigated_at" if moment.said["state"] == "mitigated" else "resolved_at"
    return time_of(moment.said, name) or moment.at


def impact(facts: Facts) -> list[str]:
    """From when to when, how bad, for whom."""
    said = facts.one("incident")
    lines = []
    began, anchor = began_of(facts)
    if began:
        lines.append(f"Began {day(began)} {anchor}")
    since, seen = hurt_of(facts)
    if began and since and since > began:
        lines.append(f"Users were hurt from {day(since)} on {seen}")
    ended = _ended(facts)
    lines.append(
        f"Ended {day(_end_of(ended))} {facts.log(ended.sequence)}"
        if ended
        else f"Not over when this was drafted {facts.log(facts.last)}"
    )
    graded = max(
        (m for m in facts.incident if m.said["severity"] == said["severity"]),
        key=lambda m: -m.sequence,
    )
    reasons = cast("list[object]", said.get("severity_reasons") or [])
    level = safe(str(said["severity"]).upper())
    because = "; ".join(safe(str(r)).removesuffix(f": {level}") for r in reasons)
    lines.append(
        f"Severity {level}{f': {because}' if because else ''} {facts.log(graded.sequence)}"
    )
    hurt: dict[str, Moment] = {}
    for moment in facts.alerts:
        hurt.setdefault(str(moment.said["resource"]), moment)
    for resource, moment in list(hurt.items())[:SHOWN]:
        lines.append(f"Alert on {safe(resource)}: {text_of(moment.said, 'name')} "
                     f"{facts.log(moment.sequence)}")  # fmt: skip
    for moment in facts.updates:
        if moment.said.get("impact"):
            lines.append(f"{person(moment.author)} stated: {text_of(moment.said, 'impact')} "
                         f"{facts.log(moment.sequence)}")  # fmt: skip
    lines += [f"Seen: {text}" for text in failed_requests(facts)[:SHOWN]]
    return list(dict.fromkeys(lines))


def failed_requests(facts: Facts) -> list[str]:
    """Return what evidence says of services whose requests fail, the worst first."""
    seen: dict[str, tuple[float, str]] = {}
    for number, moment in facts.evidence.items():
        said = moment.said
        share = said.get("magnitude")
        if said.get("feature") == "error_rise" and share is not None and not said.get("challenges"):
            told = f"{text_of(said, 'claim')} {facts.link('e', number)}"
            seen.setdefault(str(said["resource"]), (float(str(share)), told))
    return [told for _, told in sorted(seen.values(), key=lambda pair: -pair[0])]


def detection(facts: Facts) -> list[str]:
    """How it was noticed, and how long that took."""
    said, first = facts.one("incident"), facts.incident[0]
    (began, anchor), told = began_of(facts), time_of(said, "started_at")
    lines = []
    if began:
        lines.append(f"{clock(began)} it began {anchor}")
    if began and told and began < told:
        by = "report" if said["origin"] == IncidentOrigin.MANUAL else "alert"
        lines.append(f"{clock(told)} it began by the {by} {facts.log(first.sequence)}")
    how = text_of(said, "origin")
    lines.append(f"{clock(first.at)} opened ({how}) by {person(first.author)} "
                 f"{facts.log(first.sequence)}")  # fmt: skip
    if began:
        took = length((first.at - began).total_seconds())
        lines.append(f"Noticed {took} after it began {anchor} {facts.log(first.sequence)}")
    for moment in firing(facts)[:SHOWN]:
        lines.append(f"{clock(moment.at)} {safe(moment.sentence)} {facts.log(moment.sequence)}")
    seen = next((m for m in facts.incident if m.said.get("acknowledged_by")), None)
    if seen is None:
        deed = facts.first_deed()
        lines.append(
            f"Nobody acknowledged it; the first deed of a person came at {clock(deed.at)}: "
            f"{safe(deed.sentence)} ({person(deed.author)}) {facts.log(deed.sequence)}" if deed
            else f"Nobody acknowledged it {facts.log(facts.last)}"
        )  # fmt: skip
    else:
        took = length((seen.at - first.at).total_seconds())
        lines.append(f"{clock(seen.at)} acknowledged by {text_of(seen.said, 'acknowledged_by')}, "
                     f"{took} after it was opened {facts.log(seen.sequence)}")  # fmt: skip
    return lines


def diagnosis(facts: Facts) -> list[str]:
    """What was suspected, what spoke for and against it, what was concluded."""
    lines = []
    for moment, again in facts.verdicts()[-SHOWN:]:
        verdict = plain(moment.said["verdict"])
        then = (
            f"; the same at {clock(again[-1].at)} {facts.log(again[-1].sequence)}" if again else ""
        )
        lines.append(f"{clock(moment.at)} {verdict}: {text_of(moment.said, 'summary', 400)} "
                     f"{facts.log(moment.sequence)}{then}")  # fmt: skip
    cited = facts.diagnoses[-1].said.get("cited") if facts.diagnoses else []
    for number in list(cited)[:SHOWN] if isinstance(cited, list) else []:
        piece = facts.evidence.get(int(number))
        if piece is not None:
            lines.append(f"Rests on: {text_of(piece.said, 'claim', 400)} {facts.link('e', number)}")
    for number, steps in facts.hypotheses.items():
        last = steps[-1].said
        how = (
            f", by {text_of(last, 'ruled_out_by').removeprefix('person/')}"
            if last.get("ruled_out_by")
            else ""
        )
        posterior = last.get("posterior")
        sure = likelihood(float(str(posterior)) if posterior is not None else None)
        by = person(str(last["author"]))
        note, is_tested = str(last.get("note", "")), posterior is not None
        stands = stands_of(note, plain(last["state"]), is_tested=is_tested)
        # What is a part of another is as likely as it, and no rival of it.
        sure = "" if is_tested and shared_with(note) else sure
        told = "; ".join(part for part in (sure, f"{stands}{how}") if part)
        lines.append(f"Suspected by {by}: {text_of(last, 'claim', 400)}. {told}"
                     f" {facts.link('h', number)}")  # fmt: skip
    return lines or [f"Nothing was suspected and nothing concluded {facts.log(facts.last)}"]


def _commands(said: BoardObject) -> str:
    """Return what an action would run and what would take that back; older journals name no undo."""
    told = (("runs", text_of(said, "command")), ("undo", text_of(said, "undo")))
    named = "; ".join(f"{name}: {text}" for name, text in told if text)
    return f" ({named})" if named else ""


def repair(facts: Facts) -> list[str]:
    """What was done, by whom, and whether it helped, in the order of the journal."""
    found: list[tuple[int, str]] = []
    for number, steps in facts.actions.items():
        first = steps[0]
        found.append((first.sequence, f"{clock(first.at)} proposed: {text_of(first.said, 'title')}"
                      f"{_commands(first.said)} {facts.link('a', number)} "
                      f"{facts.log(first.sequence)}"))  # fmt: skip
        for was, step in pairwise(steps):
            blocked = text_of(step.said, "blocked")
            if blocked and blocked != text_of(was.said, "blocked"):
                found.append((step.sequence, f"{clock(step.at)} A{number} waited, but nobody could approve "
                              f"it: {blocked} {facts.log(step.sequence)}"))  # fmt: skip
            if step.said.get("state") != was.said.get("state"):
                result = text_of(step.said, "result")
                line = (
                    f"{clock(step.at)} A{number} {plain(step.said.get('state'))} "
                    f"({person(step.author)}){f': {result}' if result else ''} "
                    f"{facts.log(step.sequence)}"
                )
                found.append((step.sequence, line))
    for before, after in pairwise(facts.incident):
        if after.said["state"] != before.said["state"]:
            line = f"{clock(after.at)} {safe(after.sentence)} ({person(after.author)})"
            found.append((after.sequence, f"{line} {facts.log(after.sequence)}"))
    lines = [line for _, line in sorted(found)]
    if not facts.actions:
        lines.insert(0, f"No action was taken through the room {facts.log(facts.last)}")
    return lines
