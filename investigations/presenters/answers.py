"""The three answers that lead the room: what is happening, the likely cause, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from investigations.enums import DiagnosisVerdict, IncidentState
from investigations.models import Diagnosis, Hypothesis, Incident, Investigation
from investigations.phrases import also_affected, closed_for, lead_of
from investigations.presenters import words
from investigations.presenters.consensus import CitedSentence, blamed_of, out_by_hand, overruled_of
from investigations.presenters.lanes import ERRORS, Lane
from investigations.presenters.next_step import NextStep, next_of
from investigations.presenters.pausing import UNDER_WAY, comes_back
from investigations.presenters.series import MORE
from investigations.presenters.timeline import Timeline

COURSES = {
    "worse": "Getting worse as of {at}.",
    "easing": "Easing as of {at}.",
    "steady": "Not getting worse: steady as of {at}.",
    "back": "{what} back in its usual range at {at}.",
}
ENDED = {"succeeded", "failed", "undone"}
NAMED = 3
Action = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answers:
    """The three answers. ``cause`` is a claim of the board, shown as its author wrote it.

    ``blamed``: the change that it blames. ``by_hand``: what likelier cause a person took out.
    ``doubt``: what was done against it and did not help, if
    anything was.
    """

    happening: str
    trend: str
    verdict: str
    cause: str
    coverage: str
    next: NextStep
    doubt: str = ""
    blamed: CitedSentence | None = None
    by_hand: str = ""


def answers_of(
    incident: Incident,
    investigation: Investigation,
    diagnosis: Diagnosis | None,
    timeline: Timeline,
    actions: tuple[Action, ...],
    *,
    now: datetime,
    alerting: Sequence[str] = (),
    hypotheses: Sequence[Hypothesis] = (),
) -> Answers:
    """Return the answers as the board stands. ``alerting``: keys of the resources that alerted."""
    is_told = diagnosis is None or bool(overruled_of(diagnosis))
    pauses = is_pausing(incident, timeline)
    returns = comes_back(diagnosis, timeline, actions) if pauses else ""
    return Answers(
        happening=_happening(incident, diagnosis, timeline, alerting),
        trend=f"{_trend(incident, timeline, under_way(actions))} {returns}".strip(),
        verdict=_verdict(diagnosis),
        cause=_cause(investigation, diagnosis),
        coverage=coverage_of(diagnosis),
        next=next_of(investigation, diagnosis, actions, now=now, returns=returns),
        doubt=doubt_of(diagnosis, actions),
        blamed=blamed_of(diagnosis),
        by_hand="" if is_told else out_by_hand(hypotheses),
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
    failing = _failing(timeline)
    # More pods than usual, say, hurt nobody: an action may have set them.
    own = [
        x for x in timeline.lanes
        if x.resource == place and x is not failing and x.note != MORE
        and (x is timeline.symptom or not x.is_calm)
    ]  # fmt: skip
    told = [
        f"{lane.label} {lane.value_text}" + (f" (usually {lane.usual_text})" if not i else "")
        for i, lane in enumerate(own[: 1 if failing else 2])
    ]
    text = ", ".join(told)
    lead = (
        f"{text[0].upper()}{text[1:]} on {place}." if text
        else lead_of(said) or incident.symptom or incident.title
    )  # fmt: skip
    is_over = incident.state in {IncidentState.MITIGATED, IncidentState.RESOLVED}
    also = also_affected(said, alerting=alerting, place=place, is_over=is_over)
    if failing is not None:
        worst = f"{failing.value_text} of requests to {failing.resource}"
        # Read a while ago: whoever reads that it is over must not read that it still fails.
        fails = (
            f"{worst} failed at {failing.as_of:%H:%M:%SZ}"
            if is_over else f"{worst} fail"
        )  # fmt: skip
        lead = f"{fails} (usually {failing.usual_text}). {lead if text else ''}"
    return " ".join(f"{lead} {also}".split())


def _failing(timeline: Timeline) -> Lane | None:
    """Return the lane of failed requests, where they fail now: nothing hurts users more."""
    shares = [x for x in timeline.lanes if x.label == ERRORS and x.value_text.endswith("%")]
    return next((x for x in shares if not x.is_calm), None)


def is_pausing(incident: Incident, timeline: Timeline) -> bool:
    """Whether nobody is hurt for the moment, and the incident is not over."""
    if incident.state == IncidentState.MITIGATED:
        return True
    lane = timeline.symptom
    return incident.state == IncidentState.OPEN and lane is not None and lane.course == "back"


def under_way(actions: tuple[Action, ...]) -> str:
    """Return what actions do that may still change things (``A1 is under way``), or ""."""
    found = [a for a in actions if a.get("state") in UNDER_WAY][:NAMED]
    return " and ".join(f"A{a['number']} is {UNDER_WAY[str(a['state'])]}" for a in reversed(found))


def _trend(incident: Incident, timeline: Timeline, acts: str) -> str:
    if incident.state == IncidentState.RESOLVED and incident.resolved_at:
        is_cut = not incident.mitigated_at and closed_for(incident.resolution)
        return (
            f"{'Closed, not mended,' if is_cut else 'Resolved'} at {incident.resolved_at:%H:%M}Z."
        )
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
