"""The three answers that lead the room: what is happening, the likely cause, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from investigations.enums import DiagnosisVerdict, IncidentState
from investigations.models import Diagnosis, Incident, Investigation
from investigations.phrases import also_affected, lead_of
from investigations.presenters import words
from investigations.presenters.consensus import overruled_of, plain_step
from investigations.presenters.timeline import Timeline

COURSES = {
    "worse": "Getting worse as of {at}.",
    "easing": "Easing as of {at}.",
    "steady": "Not getting worse: steady as of {at}.",
    "back": "{what} back in its usual range at {at}.",
}
OVER = {"succeeded", "failed", "undone", "inconclusive", "denied", "expired", "superseded", "stale",
        "halted"}  # fmt: skip
ENDED = {"succeeded", "failed", "undone"}
UNDER_WAY = {
    "approved": "about to begin", "running": "under way", "unknown": "being looked up",
    "verifying": "still being verified", "undoing": "being undone",
}  # fmt: skip
Action = dict[str, object]


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next. ``action`` is the number to review, where one waits or runs.

    ``goes_on`` is the incident to go to, where this one was merged.
    ``blocked``: why nobody can approve what waits, if nobody can.
    """

    lead: str
    text: str
    action: int | None = None
    waits: bool = False
    expires_at: datetime | None = None
    expires_in: str = ""
    goes_on: int | None = None
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """The three answers. ``cause`` is a claim of the board, shown as its author wrote it.

    ``doubt``: what was done against that cause and did not help, if anything was.
    """

    happening: str
    trend: str
    verdict: str
    cause: str
    coverage: str
    next: NextStep
    doubt: str = ""


def answers_of(
    incident: Incident,
    investigation: Investigation,
    diagnosis: Diagnosis | None,
    timeline: Timeline,
    actions: tuple[Action, ...],
    *,
    now: datetime,
    alerting: Sequence[str] = (),
) -> Answers:
    """Return the answers as the board stands. ``alerting``: keys of the resources that alerted."""
    return Answers(
        happening=_happening(incident, diagnosis, timeline, alerting),
        trend=_trend(incident, timeline, under_way(actions)),
        verdict=_verdict(diagnosis),
        cause=_cause(investigation, diagnosis),
        coverage=coverage_of(diagnosis),
        next=_next(investigation, diagnosis, actions, now),
        doubt=doubt_of(diagnosis, actions),
    )


def doubt_of(diagnosis: Diagnosis | None, actions: tuple[Action, ...]) -> str:
    """Return what speaks against the cause that no telemetry tells: its treatment did not help.

    The verdict is of telemetry alone; whoever reads its number must know what came of acting on it.
    """
    if diagnosis is None or diagnosis.hypothesis is None or overruled_of(diagnosis):
        return ""
    number = diagnosis.hypothesis.number
    tried = [a for a in actions if a.get("treats") == number and a.get("state") in ENDED]
    if any(a.get("state") == "succeeded" for a in tried):
        return ""
    vain = [a for a in tried if a.get("helped") is False]
    weighed = [a for a in vain if _is_weighed(a, diagnosis)]
    if not vain:
        return ""
    names = " and ".join(f"A{a['number']}" for a in reversed(vain))
    counts = "counts" if len(weighed) == len(vain) else "does not count"
    return f"{names}, made for H{number}, did not help: doubt it. Its number {counts} that."


def _is_weighed(action: Action, diagnosis: Diagnosis) -> bool:
    """Whether a verdict came after the action's effect was known, and so weighed it."""
    ended = action.get("ended_at")
    is_known = action.get("effect") == "no_help" and ended is not None
    return is_known and diagnosis.reached_at > datetime.fromisoformat(str(ended))


def coverage_of(diagnosis: Diagnosis | None) -> str:
    """Return coverage in a sentence of its own: it is not likelihood."""
    if diagnosis is None:
        return "Coverage is not known yet."
    asked, answered = diagnosis.sources_asked, diagnosis.sources_answered
    tail = f"; {asked - answered} did not answer" if asked > answered else ""
    return f"Coverage {answered} of {asked} sources{tail}."


def _happening(
    incident: Incident, diagnosis: Diagnosis | None, timeline: Timeline, alerting: Sequence[str]
) -> str:
    place = incident.resource.rpartition("/")[2]
    said = diagnosis.happening if diagnosis else ""
    told = [
        f"{lane.label} {lane.value_text}" + (f" (usually {lane.usual_text})" if not i else "")
        for i, lane in enumerate([x for x in timeline.lanes if x.resource == place][:2])
    ]
    text = ", ".join(told)
    lead = (
        f"{text[0].upper()}{text[1:]} on {place}." if text
        else lead_of(said) or incident.symptom or incident.title
    )  # fmt: skip
    is_over = incident.state == IncidentState.RESOLVED
    also = also_affected(said, alerting=alerting, place=place, is_over=is_over)
    return f"{lead} {also}".strip()


def under_way(actions: tuple[Action, ...]) -> str:
    """Return what an action does that may still change things (``A1 is under way``), or ""."""
    found = next((a for a in actions if a.get("state") in UNDER_WAY), None)
    return f"A{found['number']} is {UNDER_WAY[str(found['state'])]}" if found else ""


def _trend(incident: Incident, timeline: Timeline, acts: str) -> str:
    if incident.state == IncidentState.RESOLVED and incident.resolved_at:
        return f"Resolved at {incident.resolved_at:%H:%M}Z."
    if incident.state == IncidentState.MITIGATED and incident.mitigated_at:
        if acts:
            # A person may have said so, or the alerts have stopped.
            return f"Counts as mitigated since {incident.mitigated_at:%H:%M}Z, but {acts}."
        return f"Mitigated at {incident.mitigated_at:%H:%M}Z."
    lane = timeline.symptom
    if lane is None or not lane.course:
        return ""
    text = COURSES[lane.course].format(what=lane.label, at=f"{lane.as_of:%H:%M}Z")
    return f"{text[0].upper()}{text[1:]}"


def _verdict(diagnosis: Diagnosis | None) -> str:
    if diagnosis is None:
        return ""
    if overruled_of(diagnosis):
        return "None stands now"
    if diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE:
        return words.likelihood(diagnosis.confidence)
    if diagnosis.verdict == DiagnosisVerdict.NO_FAULT:
        return f"No fault: {words.likelihood(diagnosis.confidence).lower()}"
    return "Inconclusive"


def _cause(investigation: Investigation, diagnosis: Diagnosis | None) -> str:
    if diagnosis is None:
        return (
            "Not known: the run ended without a verdict." if investigation.is_over
            else "Not known yet: the agents are looking."
        )  # fmt: skip
    if overruled := overruled_of(diagnosis):
        return overruled
    if diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE and diagnosis.hypothesis:
        return diagnosis.hypothesis.claim
    return diagnosis.summary.removeprefix("No cause found. ")


def _next(
    investigation: Investigation, diagnosis: Diagnosis | None, actions: tuple[Action, ...],
    now: datetime,
) -> NextStep:  # fmt: skip
    if investigation.incident.merged_into_id:
        return NextStep("", f"INC-{investigation.incident.merged_into_id} goes on for this incident.",
                        goes_on=investigation.incident.merged_into_id)  # fmt: skip
    waiting = [a for a in actions if a.get("state") == "proposed"]
    if waiting:
        first = waiting[-1]
        others = len(waiting) - 1
        more = f" {others} more wait{'s' if others == 1 else ''}." if others else ""
        expires = first.get("expires_at")
        at = datetime.fromisoformat(str(expires)) if expires else None
        return NextStep(
            f"A{first['number']}", f"{first['title']}.{more}", int(str(first["number"])), True,
            at, words.until(at, now) if at else "", blocked=str(first.get("blocked", "")),
        )  # fmt: skip
    running = [a for a in actions if a.get("state") not in OVER]
    if not running and investigation.incident.state == IncidentState.RESOLVED:
        return NextStep("", "It is over. The report is drafted: read it and finish it.")
    for action in (running or list(actions))[:1]:
        state = str(action["state"]).replace("_", " ")
        result = str(action.get("result") or "")
        return NextStep(
            f"A{action['number']} {state}", f"{action['title']}. {result}".strip(),
            int(str(action["number"])),
        )  # fmt: skip
    if diagnosis is not None and diagnosis.next_steps:
        return NextStep("", plain_step(diagnosis.next_steps[0]))
    if investigation.is_over:
        return NextStep("", "Nothing waits for anybody.")
    return NextStep("", "Nothing waits for you. The agents go on by themselves.")
