"""What to do next: what waits, what runs, and where nothing does, what can still be proposed."""

from dataclasses import dataclass, replace
from datetime import datetime

from investigations.enums import DiagnosisVerdict, IncidentState
from investigations.models import Diagnosis, Investigation
from investigations.offers import proposable
from investigations.phrases import closed_for
from investigations.presenters import words
from investigations.presenters.consensus import overruled_of, plain_step

OVER = {"succeeded", "failed", "undone", "inconclusive", "denied", "expired", "superseded", "stale",
        "halted"}  # fmt: skip
# What was begun and is over, whatever came of it.
DONE = {"succeeded", "failed", "undone", "inconclusive", "halted"}
PROPOSED = 3
BESIDE = 2
Action = dict[str, object]


@dataclass(frozen=True, slots=True)
class Offered:
    """An action that a responder may ask for: what the button says, and the command that it sends."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next. ``action`` is the number to review, where one waits or runs.

    ``goes_on`` is the incident to go to, where this one was merged.
    ``blocked``: why nobody can approve what waits, if nobody can. ``offered``: what may be proposed
    where nothing waits or runs. ``decides_by``: when what is being verified is decided at the latest.
    ``beside``: what else is under way, or was done last, while something waits or runs.
    """

    lead: str
    text: str
    action: int | None = None
    waits: bool = False
    expires_at: datetime | None = None
    expires_in: str = ""
    goes_on: int | None = None
    blocked: str = ""
    offered: tuple[Offered, ...] = ()
    then: str = ""
    decides_by: datetime | None = None
    beside: tuple["NextStep", ...] = ()


def next_of(
    investigation: Investigation, diagnosis: Diagnosis | None, actions: tuple[Action, ...], *,
    now: datetime, returns: str = "",
) -> NextStep:  # fmt: skip
    """Return what to do next as the board stands. ``actions``: the newest first.

    ``returns``: that what pauses will come back, if it will.
    """
    incident = investigation.incident
    if incident.merged_into_id:
        return NextStep("", f"INC-{incident.merged_into_id} goes on for this incident.",
                        goes_on=incident.merged_into_id)  # fmt: skip
    waiting = [a for a in actions if a.get("state") == "proposed"]
    running = [a for a in actions if a.get("state") not in OVER and a not in waiting]
    if waiting:
        step = _waits(waiting, investigation, diagnosis, now=now)
        return _beside_it(step, running or _done_last(actions), is_running=bool(running))
    if not running and incident.state == IncidentState.RESOLVED:
        if cut := closed_for(incident.resolution):
            mended = "" if incident.mitigated_at else ", not mended"
            return NextStep("", f"It was closed{mended}: {cut}. The report is drafted.")
        return NextStep("", "It is over. The report is drafted: read it and finish it.")
    if running:
        others = tuple(map(_stands, running[1 : BESIDE + 1]))
        return replace(_stands(running[0]), beside=others)
    last = actions[0] if actions else None
    is_hurt = incident.state == IncidentState.OPEN or bool(returns)
    is_settled = bool(last and last.get("state") == "succeeded") and not returns
    if is_hurt and not is_settled and _is_cause(diagnosis) and (investigation.is_over or last):
        return _goes_on(diagnosis, last, actions, returns)
    if last is not None:
        return _stands(last)
    if diagnosis is not None and diagnosis.next_steps:
        # What was not met is a reason and no step.
        steps = [str(s) for s in diagnosis.next_steps if not str(s).startswith("Not met: ")]
        return NextStep("", plain_step((steps or diagnosis.next_steps)[0]))
    if investigation.is_over:
        return NextStep("", "Nothing waits for anybody.")
    return NextStep("", "Nothing waits for you. The agents go on by themselves.")


def _beside_it(step: NextStep, others: list[Action], *, is_running: bool) -> NextStep:
    """Return what waits with what else runs, or ran last; what runs first, where nobody can approve."""
    told = tuple(map(_stands, others[:BESIDE]))
    if not (step.blocked and is_running):
        return replace(step, beside=told)
    held = NextStep(f"{step.lead} waits, blocked", step.blocked, step.action)
    return replace(told[0], beside=(held, *told[1:]))


def _is_cause(diagnosis: Diagnosis | None) -> bool:
    if diagnosis is None or diagnosis.verdict != DiagnosisVerdict.LIKELY_CAUSE:
        return False
    return not overruled_of(diagnosis)


def _done_last(actions: tuple[Action, ...]) -> list[Action]:
    """Return what was begun last and is over, whatever came of it; empty where nothing ran."""
    done = [a for a in actions if a.get("state") in DONE and a.get("began_at")]
    return sorted(done, key=lambda a: str(a.get("ended_at") or ""))[-1:]


def _waits(
    waiting: list[Action],
    investigation: Investigation,
    diagnosis: Diagnosis | None,
    *,
    now: datetime,
) -> NextStep:
    # The panel of actions shows them in the same order.
    first = min(waiting, key=lambda a: (_is_beside(a), int(str(a["number"]))))
    others = len(waiting) - 1
    more = f" {others} more wait{'s' if others == 1 else ''}." if others else ""
    who = first.get("requested_by")
    beside = _beside_what(diagnosis) if _is_beside(first) else ""
    asked = f" Asked for by {who}{beside}." if who else ""
    if beside and investigation.incident.state == IncidentState.MITIGATED:
        asked += " The incident is mitigated: look whether it is still needed."
    expires = first.get("expires_at")
    at = datetime.fromisoformat(str(expires)) if expires else None
    return NextStep(
        f"A{first['number']}", f"{first['title']}.{asked}{more}", int(str(first["number"])), True,
        at, words.until(at, now) if at else "", blocked=str(first.get("blocked", "")),
    )  # fmt: skip


def _beside_what(diagnosis: Diagnosis | None) -> str:
    is_known = diagnosis is not None and diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE
    return (
        ", and no treatment of the likely cause" if is_known else "; no likely cause is known yet"
    )


def _is_beside(action: Action) -> bool:
    """Whether a person asked for what is no treatment of the likely cause."""
    return bool(action.get("requested_by")) and not action.get("treats")


def _stands(action: Action) -> NextStep:
    state = str(action["state"]).replace("_", " ")
    result, by = str(action.get("result") or ""), action.get("decides_by")
    return NextStep(
        f"A{action['number']} {state}", f"{action['title']}. {result}".strip(),
        int(str(action["number"])), decides_by=datetime.fromisoformat(str(by)) if by else None,
    )  # fmt: skip


def _goes_on(
    diagnosis: Diagnosis | None, last: Action | None, actions: tuple[Action, ...], returns: str
) -> NextStep:
    """Return what can still be done about a cause that nothing has ended, where nothing waits."""
    offered = _offered(diagnosis, actions)
    then = (
        "A responder can propose an action; another person approves it."
        if offered else
        "The catalogue treats no such cause. Mend it by hand, or ask for an action with /propose."
    )  # fmt: skip
    if last is not None and last.get("nothing_else"):
        is_same = bool(last.get("same"))
        ended = (
            "What else treats this cause would make the same change: it is not proposed by itself."
            if is_same else "Nothing else that treats this cause can be planned now."
        )  # fmt: skip
        then = f"{ended} {then}"
    if last is None:
        told = returns or "No action is proposed by itself here."
        return NextStep("", told, offered=offered, then=then)
    stands = _stands(last)
    text = f"{returns} {stands.text}".strip()
    return NextStep(stands.lead, text, stands.action, offered=offered, then=then)


def _offered(diagnosis: Diagnosis | None, actions: tuple[Action, ...]) -> tuple[Offered, ...]:
    """Return the treatments of a cause as what may be proposed, those not tried before first."""
    titles = proposable()
    same = actions[0].get("same") if actions else None
    others = {tuple(map(str, t)) for t in same} if isinstance(same, list) else set()
    tried = {(a.get("kind"), a.get("target")) for a in actions}
    listed = (
        [(str(t["action"]), str(t["resource"])) for t in diagnosis.treatments] if diagnosis else []
    )
    known = [t for t in dict.fromkeys(listed) if t[0] in titles and t not in others]
    return tuple(
        Offered(
            f"Propose {titles[kind].lower()} of {place.rpartition('/')[2]}"
            f"{' again' if (kind, place) in tried else ''}",
            f"/propose {kind} {place}",
        )
        for kind, place in sorted(known, key=lambda t: t in tried)[:PROPOSED]
    )  # fmt: skip
