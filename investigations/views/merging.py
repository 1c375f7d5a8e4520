"""Merging an incident into another one, taking them apart, and the alerts of both."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.domain.merging import merge_incidents, separate_incident
from investigations.errors import BoardError, NotFound
from investigations.queries.access import access_incident
from investigations.queries.alerts import (
    SHOWN,
    list_alert_groups,
    list_merge_targets,
    where_alerts_point,
)
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of


@require_safe
@needs(can_view)
def alerts(request: HttpRequest, incident_id: int) -> HttpResponse:
    """List alerts by kind, with those of what was merged into it: a storm is a few lines."""
    incident = access_incident(request.user, incident_id)
    rows = list_alert_groups(incident)
    context = {
        "incident": incident, "rows": rows, "count": sum(row.count for row in rows),
        "pointed": where_alerts_point(incident),
        "is_cut": len(rows) == SHOWN,
    }  # fmt: skip
    return render(request, "investigations/alerts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(can_respond)
def merge(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Choose the incident that goes on for this one; a refusal keeps what was typed."""
    incident = access_incident(request.user, incident_id)
    number, reason = request.POST.get("into", ""), request.POST.get("reason", "")
    refusal = ""
    if request.method == "POST":
        try:
            into = access_incident(
                request.user, read_number(number.upper().removeprefix("INC-")) or 0
            )
            merge_incidents(incident=incident, into=into, user=person_of(request), reason=reason)
        except (BoardError, NotFound) as error:
            refusal = str(error)
        else:
            return redirect("room", incident_id=into.pk)
    targets = [] if incident.merged_into_id else list_merge_targets(incident)
    context = {"incident": incident, "targets": targets, "refusal": refusal, "into": number,
               "reason": reason}  # fmt: skip
    status = 422 if refusal else 200
    return render(request, "investigations/merge.html", context, status=status)


@require_POST
@needs(can_respond)
def separate(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Take a merged incident apart again."""
    incident = access_incident(request.user, incident_id)
    reason = request.POST.get("reason", "")
    try:
        separate_incident(incident=incident, user=person_of(request), reason=reason)
    except BoardError as error:
        incident.refresh_from_db()
        context = {"incident": incident, "refusal": str(error), "reason": reason}
        return render(request, "investigations/merge.html", context, status=422)
    return redirect("room", incident_id=incident_id)
