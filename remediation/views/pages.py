"""Actions, the kill switch, autonomy and the audit log."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.models import Investigation
from investigations.queries.access import access_investigation
from investigations.rules import AnyUser, can_administer, can_approve, can_respond, can_view
from investigations.views.common import exact_bytes, is_htmx, needs, person_of
from remediation.domain import approvals, kill_switch, undoing
from remediation.domain.digests import bytes_of_action
from remediation.enums import ActionState, Decision
from remediation.errors import IllegalTransition, NotAllowed, PlanChanged, RemediationError
from remediation.models import Action, FeedbackValue
from remediation.views.panel import feedback_on, kill_switch_row, list_actions, view_of

PROPOSED = ActionState.PROPOSED


def action_of(user: AnyUser, incident_id: int, number: int) -> Action:
    """Return an action that a person may see, or answer that there is none."""
    investigation = access_investigation(user, incident_id)
    rows = Action.objects.select_related(
        "investigation__incident",
        "diagnosis__hypothesis",
        "verification",
        "outcome",
        "requested_by",
    )
    found = rows.filter(investigation=investigation, number=number).first()
    if found is None:
        raise Http404(f"There is no A{number}.")
    return found


@require_safe
@needs(can_view)
def actions(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The action cards of an incident: a fragment of the room, or a page of its own."""
    investigation = access_investigation(request.user, incident_id)
    views = list_actions(investigation, now=database_now(), person_id=request.user.pk)
    context = {"incident_id": incident_id, "actions": views, "verdict": _verdict_of(investigation)}
    name = "_actions" if is_htmx(request) else "actions"
    return render(request, f"remediation/{name}.html", context)


def _verdict_of(investigation: Investigation) -> str:
    newest = investigation.diagnoses.order_by("-number").first()
    return newest.verdict if newest else ""


@require_safe
@needs(can_view)
def action(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """One action on a page of its own, made for a phone; its card alone for the page that follows it.

    ``?until=decided``: nothing (204) while it can be decided on, so that what was read stays.
    """
    row = action_of(request.user, incident_id, number)
    if request.GET.get("until") == "decided" and is_htmx(request) and row.state == PROPOSED:
        return HttpResponse(status=204)
    view = view_of(row, now=database_now(), person_id=request.user.pk)
    context = {"incident_id": incident_id, "a": view, "is_page": True}
    if not is_htmx(request):
        context |= {"feedback": feedback_on(row), "values": FeedbackValue.choices}
    name = "_action" if is_htmx(request) else "action"
    return render(request, f"remediation/{name}.html", context)


@require_safe
@needs(can_view)
def action_bytes(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """All that is seen and all that would run, as exactly the bytes that an approval binds to."""
    row = action_of(request.user, incident_id, number)
    return exact_bytes(bytes_of_action(row), row.digest, name=f"INC-{incident_id}-A{number}")


def _decided(request: HttpRequest, row: Action) -> tuple[int, str]:
    """Record the decision; return the answer's status and the refusal's sentence, if any."""
    try:
        approvals.decide(
            action_id=row.pk,
            person=person_of(request),
            decision=Decision(request.POST.get("decision", "")),
            seen_digest=request.POST.get("digest", ""),
            reason=request.POST.get("reason", ""),
        )
    except ValueError:
        return 400, "Choose approve or deny. Nothing ran."
    except PlanChanged as error:
        return 409, str(error)
    except RemediationError as error:
        return 422, str(error)
    return 200, ""


@require_POST
@needs(can_approve)
def decide(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Approve or deny exactly what was shown."""
    row = action_of(request.user, incident_id, number)
    status, text = _decided(request, row)
    if status == 200 and not is_htmx(request):
        return redirect("action", incident_id=incident_id, number=number)
    row = action_of(request.user, incident_id, number)
    view = view_of(row, now=database_now(), person_id=request.user.pk)
    context = {"incident_id": incident_id, "a": view, "refusal": text, "was_decided": True}
    context["kept"] = request.POST.get("reason", "") if text else ""
    context["is_page"] = not is_htmx(request) or "page" in request.POST
    name = "_action" if is_htmx(request) else "action"
    return render(request, f"remediation/{name}.html", context, status=status)


@require_POST
@needs(can_approve)
def undo(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Take back what nobody could judge, or is being judged: exactly the undo that was shown."""
    row = action_of(request.user, incident_id, number)
    digest, reason = (request.POST.get(name, "") for name in ("digest", "reason"))
    person = person_of(request)
    try:
        undoing.ask_undo(action_id=row.pk, person=person, seen_digest=digest, reason=reason)
    except RemediationError as error:
        status = 409 if isinstance(error, PlanChanged | IllegalTransition) else 422
        row = action_of(request.user, incident_id, number)
        view = view_of(row, now=database_now(), person_id=person.pk)
        context = {"incident_id": incident_id, "a": view, "is_page": True}
        context |= {"refusal": str(error), "kept_undo": reason}
        return render(request, "remediation/action.html", context, status=status)
    return redirect("action", incident_id=incident_id, number=number)


def _switched(request: HttpRequest) -> tuple[int, str]:
    """Stop or let go; return the answer's status and what the person must know, if anything."""
    person, reason = person_of(request), request.POST.get("reason", "")
    try:
        if request.POST.get("do") == "release":
            kill_switch.release(person=person, reason=reason)
            return 200, ""
        row = kill_switch.engage(person=person, reason=reason)
    except NotAllowed as error:
        return 403, str(error)
    except RemediationError as error:
        return 422, str(error)
    if not reason or row.engaged_by is None or row.engaged_by_id == person.pk:
        return 200, ""
    who = row.engaged_by.get_username()
    why = row.reason if row.reason.endswith((".", "!", "?", "…")) else f"{row.reason}."
    kept = " Your reason is in the audit log." if reason != row.reason else ""
    return 409, f"{who} had stopped them already: {why}{kept}"


@require_http_methods(["GET", "POST"])
@needs(can_view)
def switch(request: HttpRequest) -> HttpResponse:
    """The kill switch in the header: its state, engaging, releasing."""
    status, refusal = _switched(request) if request.method == "POST" else (200, "")
    if request.method == "POST" and not is_htmx(request) and not refusal:
        return redirect("autonomy")
    context = {
        "switch": kill_switch_row(),
        "refusal": refusal,
        "may_stop": can_respond(request.user) or can_administer(request.user),
    }
    name = "_switch" if is_htmx(request) else "switch"
    return render(request, f"remediation/{name}.html", context, status=status)
