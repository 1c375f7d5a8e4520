"""Findings of background scans: accept, dismiss with a reason, open an incident."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.domain.scan_findings import (
    ask_for_scans,
    decide_finding,
    open_incident_from,
)
from investigations.errors import BoardError, NotFound
from investigations.models import FindingState, ScanName
from investigations.queries.scan_findings import PAGE, all_clear_at, list_findings, list_scans
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of


@require_safe
@needs(can_view)
def findings(request: HttpRequest) -> HttpResponse:
    """List findings; ``?state=``, ``?scan=``, ``?before=``."""
    state, scan = request.GET.get("state", ""), request.GET.get("scan", "")
    state = state if state in FindingState.values else FindingState.OPEN.value
    scan = scan if scan in ScanName.values else ""
    rows = list_findings(
        state=state, scan=scan, before=read_number(request.GET.get("before", ""))
    )  # fmt: skip
    scans = list_scans()
    clear_at, next_at = all_clear_at(scans)
    context = {
        "rows": rows, "state": state, "scan": scan, "states": FindingState.choices, "scans": scans,
        "scan_names": ScanName.choices, "clear_at": clear_at, "next_at": next_at,
        "now": database_now(), "may_decide": can_respond(request.user),
        "next": rows[-1].pk if len(rows) == PAGE else None,
    }  # fmt: skip
    return render(request, "investigations/findings.html", context)


@require_POST
@needs(can_respond)
def scan_now(request: HttpRequest) -> HttpResponse:
    """Let the scans look before they are due; too soon is refused with how long to wait."""
    try:
        ask_for_scans(user=person_of(request))
    except BoardError as error:
        return render(request, "refused.html", {"text": str(error)}, status=422)
    return redirect(f"{reverse('findings')}#sc")


@require_POST
@needs(can_respond)
def decide(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Accept, dismiss or open a finding again."""
    wanted, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    try:
        decide_finding(
            finding_id=finding_id, to=wanted, reason=reason, user=person_of(request)
        )  # fmt: skip
    except NotFound:
        raise
    except BoardError as error:
        context = {"text": str(error), "kept": reason}
        return render(request, "refused.html", context, status=422)
    return redirect("findings")


@require_POST
@needs(can_respond)
def to_incident(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Open an incident from a finding, and go to its room."""
    try:
        incident = open_incident_from(finding_id=finding_id, user=person_of(request))
    except NotFound:
        raise
    except BoardError as error:
        return render(request, "refused.html", {"text": str(error)}, status=422)
    return redirect("room", incident_id=incident.pk)
