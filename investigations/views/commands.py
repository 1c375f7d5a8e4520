"""What people post to the board. Each answers with what happened; a refusal keeps what was typed."""

import re

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from investigations.domain import hypotheses, runs
from investigations.domain.grades import grade_by_person
from investigations.domain.incidents import change_incident_state
from investigations.enums import GradeValue, IncidentState, SteeringKind
from investigations.errors import BoardError
from investigations.queries.access import (
    access_evidence,
    access_hypothesis,
    access_investigation,
)
from investigations.rules import can_respond
from investigations.views.common import answer, needs, person_of, refused

AGENTS = ("network", "deployment", "deploy", "database", "resource")
BUDGET = re.compile(r"^\+?([0-9]{1,6})\s*(s|min|m)?$")


@require_POST
@needs(can_respond)
def post_hypothesis(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Put a person's hypothesis on the board; the agents test it."""
    investigation = access_investigation(request.user, incident_id)
    claim = request.POST.get("claim", "")
    try:
        row = hypotheses.propose_hypothesis(
            investigation_id=investigation.pk,
            claim=claim,
            author=f"person/{request.user.get_username()}",
            posted_by=person_of(request),
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=claim)
    return answer(
        request, incident_id=incident_id, text=f"H{row.number} posted. Agents will test it."
    )


@require_POST
@needs(can_respond)
def rule_out(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Rule a hypothesis out with a reason."""
    row = access_hypothesis(request.user, incident_id, number)
    reason = request.POST.get("reason", "")
    try:
        hypotheses.rule_out_hypothesis(
            hypothesis_id=row.pk,
            reason=reason,
            user=person_of(request),
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=reason)
    return answer(request, incident_id=incident_id, text=f"H{number} ruled out.")


@require_POST
@needs(can_respond)
def challenge(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Ask another specialist to re-check a card."""
    row = access_evidence(request.user, incident_id, number)
    reason = request.POST.get("reason", "") or f"Please re-check E{number}."
    try:
        runs.steer(
            investigation_id=row.investigation_id,
            user=person_of(request),
            text=reason,
            kind=SteeringKind.CHALLENGE,
            subject=f"E{number}",
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=reason)
    return answer(
        request, incident_id=incident_id, text=f"E{number} challenged. An agent re-checks it."
    )


@require_POST
@needs(can_respond)
def steer(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Read the steer box: ``@agent …``, ``/hypothesis``, ``/rule-out``, ``/pause``, ``/budget``."""
    investigation = access_investigation(request.user, incident_id)
    text = request.POST.get("text", "").strip()
    try:
        said = _obey(request, investigation.pk, incident_id, text)
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=text)
    return answer(request, incident_id=incident_id, text=said)


def _obey(request: HttpRequest, investigation_id: int, incident_id: int, text: str) -> str:
    user = person_of(request)
    if not text.startswith("/"):
        return _say(request, investigation_id, text, SteeringKind.STEER)
    command, _, rest = text[1:].partition(" ")
    if command == "hypothesis":
        row = hypotheses.propose_hypothesis(
            investigation_id=investigation_id,
            claim=rest,
            author=f"person/{user.get_username()}",
            posted_by=user,
        )
        return f"H{row.number} posted. Agents will test it."
    if command == "rule-out":
        return _rule_out(request, incident_id, rest)
    if command in {"pause", "resume"}:
        return _pause(request, investigation_id, command)
    if command == "budget":
        return _budget(request, investigation_id, rest)
    if command == "focus":
        return _say(request, investigation_id, rest, SteeringKind.FOCUS)
    raise BoardError(
        f"There is no /{command}. Try @network …, /hypothesis, /rule-out H2 because …, /focus, "
        "/pause, /resume, /budget +5m."
    )


def _rule_out(request: HttpRequest, incident_id: int, rest: str) -> str:
    user = person_of(request)
    found = re.match(r"^[Hh]([0-9]{1,9})(?![0-9])\s*(?:because\s+)?(.*)$", rest)
    if not found:
        raise BoardError("Write it like this: /rule-out H2 because …")
    row = access_hypothesis(user, incident_id, int(found[1]))
    hypotheses.rule_out_hypothesis(hypothesis_id=row.pk, reason=found[2], user=user)
    return f"H{row.number} ruled out."


def _pause(request: HttpRequest, investigation_id: int, command: str) -> str:
    user = person_of(request)
    if command == "pause":
        runs.pause_investigation(investigation_id=investigation_id, user=user)
        return "Paused. Running queries finish; nothing new starts."
    runs.resume_investigation(investigation_id=investigation_id, user=user)
    return "Resumed."


def _budget(request: HttpRequest, investigation_id: int, rest: str) -> str:
    found = BUDGET.match(rest.strip())
    if not found:
        raise BoardError("Write it like this: /budget +5m")
    seconds = float(found[1]) * (1 if found[2] == "s" else 60)
    runs.add_budget(
        investigation_id=investigation_id, user=person_of(request), seconds=seconds, queries=200
    )
    return f"{seconds:.0f} s and 200 queries added."


def _say(request: HttpRequest, investigation_id: int, text: str, kind: SteeringKind) -> str:
    agent = ""
    if text.startswith("@"):
        name, _, rest = text[1:].partition(" ")
        if name.lower() not in AGENTS:
            raise BoardError(
                f"There is no @{name}. Agents: @network @deployment @database @resource."
            )
        agent, text = ("deployment" if name.lower() == "deploy" else name.lower()), rest
    runs.steer(
        investigation_id=investigation_id,
        user=person_of(request),
        text=text,
        kind=kind,
        agent=agent,
    )
    return f"Sent to {'@' + agent if agent else 'all agents'}."


@require_POST
@needs(can_respond)
def change_state(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Resolve an incident, or open it again."""
    investigation = access_investigation(request.user, incident_id)
    wanted = request.POST.get("to", "")
    reason = request.POST.get("reason", "").strip()
    try:
        if wanted not in IncidentState.values:
            raise BoardError("Choose open, mitigated or resolved.")
        if not reason:
            raise BoardError("Say why: the report and the next reader will want to know.")
        change_incident_state(
            investigation_id=investigation.pk,
            to=IncidentState(wanted),
            author=f"person/{request.user.get_username()}",
            reason=reason,
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=reason)
    is_over = wanted == IncidentState.RESOLVED
    link = (reverse("report", args=[incident_id]), "Read the post-mortem") if is_over else ("", "")
    text = f"Incident is {wanted}."
    return answer(request, incident_id=incident_id, text=text, link=link)


@require_POST
@needs(can_respond)
def grade(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Say whether the newest diagnosis was right: what calibration learns from."""
    investigation = access_investigation(request.user, incident_id)
    note = request.POST.get("note", "").strip()
    value = request.POST.get("grade", "")
    try:
        if value not in GradeValue.values:
            raise BoardError("Choose right, partly right or wrong.")
        grade_by_person(
            investigation_id=investigation.pk, value=GradeValue(value), user=person_of(request),
            note=note,
        )  # fmt: skip
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=note)
    text = f"Noted: {GradeValue(value).label}. You can change it."
    return answer(request, incident_id=incident_id, text=text)
