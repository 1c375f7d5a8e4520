"""What people post to the board. Each answers with what happened; a refusal keeps what was typed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from investigations.domain import hypotheses, runs
from investigations.domain.grades import grade_by_person
from investigations.domain.incidents import change_incident_state, refuse_over
from investigations.domain.readmitting import readmit_hypothesis
from investigations.domain.steering import obey
from investigations.domain.weighing import weigh_differently, withdraw_view
from investigations.enums import GradeValue, IncidentState, SteeringKind
from investigations.errors import BoardError
from investigations.queries.access import (
    access_evidence,
    access_hypothesis,
    access_investigation,
)
from investigations.rules import can_respond
from investigations.typed_text import read_number
from investigations.views.common import answer, needs, person_of, refused

CHOSEN_STATES = (IncidentState.OPEN, IncidentState.MITIGATED, IncidentState.RESOLVED)


@require_POST
@needs(can_respond)
def post_hypothesis(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Put a person's hypothesis on the board; the agents test it."""
    investigation = access_investigation(request.user, incident_id)
    claim = request.POST.get("claim", "")
    try:
        refuse_over(investigation.incident)
        row = hypotheses.propose_hypothesis(
            investigation_id=investigation.pk,
            claim=claim,
            author=f"person/{request.user.get_username()}",
            posted_by=person_of(request),
        )
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=claim)
    text = hypotheses.told_of_post(row, user=person_of(request))
    return answer(request, incident_id=incident_id, text=text)


@require_POST
@needs(can_respond)
def rule_out(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Rule a hypothesis out with a reason."""
    row = access_hypothesis(request.user, incident_id, number)
    reason = request.POST.get("reason", "")
    try:
        refuse_over(row.investigation.incident)
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
def readmit(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Take back that a person ruled a hypothesis out."""
    row = access_hypothesis(request.user, incident_id, number)
    try:
        refuse_over(row.investigation.incident)
        readmit_hypothesis(hypothesis_id=row.pk, user=person_of(request))
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept="")
    text = f"H{number} can be true again: the agents weigh it anew."
    return answer(request, incident_id=incident_id, text=text)


@require_POST
@needs(can_respond)
def challenge(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Ask another specialist to re-check a card."""
    row = access_evidence(request.user, incident_id, number)
    reason = request.POST.get("reason", "") or f"Please re-check E{number}."
    try:
        refuse_over(row.investigation.incident)
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
        request,
        incident_id=incident_id,
        text=f"E{number} challenged. What comes of it is told on its card.",
    )


@require_POST
@needs(can_respond)
def weigh(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Record that a person weighs a card differently for a hypothesis, or take that back."""
    row = access_evidence(request.user, incident_id, number)
    wanted = read_number(request.POST.get("hypothesis", "")) or 0
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    try:
        hypothesis = access_hypothesis(request.user, incident_id, wanted)
        if kind == "withdraw":
            withdraw_view(evidence=row, hypothesis=hypothesis, user=person_of(request))
        else:
            weigh_differently(evidence=row, hypothesis=hypothesis, kind=kind, reason=reason,
                              user=person_of(request))  # fmt: skip
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=reason)
    return redirect(f"{reverse('evidence', args=[incident_id, number])}#weigh")


@require_POST
@needs(can_respond)
def steer(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Read the steer box: a message or a command. See :mod:`investigations.domain.steering`."""
    investigation = access_investigation(request.user, incident_id)
    text = request.POST.get("text", "").strip()
    try:
        refuse_over(investigation.incident)
        said = obey(investigation=investigation, user=person_of(request), text=text)
    except BoardError as error:
        return refused(request, error, incident_id=incident_id, kept=text)
    return answer(request, incident_id=incident_id, text=said)


@require_POST
@needs(can_respond)
def change_state(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Resolve an incident, or open it again."""
    investigation = access_investigation(request.user, incident_id)
    wanted = request.POST.get("to", "")
    reason = request.POST.get("reason", "").strip()
    try:
        if wanted not in CHOSEN_STATES:
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
