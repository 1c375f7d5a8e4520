"""Connections: what is connected, and whether it really answers."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.domain.connections import TITLES, request_checks
from investigations.presenters.connections import present_connections
from investigations.queries.connections import list_checks, list_senders
from investigations.rules import can_respond, can_view
from investigations.views.common import is_htmx, needs, person_of


@require_safe
@needs(can_view)
def connections(request: HttpRequest) -> HttpResponse:
    """Show each connection as it was last seen; asks nothing by itself."""
    rows = present_connections(TITLES, list_checks(), database_now().timestamp())
    context = {
        "rows": rows,
        "is_waiting": any(row.is_waiting for row in rows),
        "senders": list_senders(),
        "is_live": settings.TELEMETRY_DEFAULT["kind"] == "live",
        "prometheus": settings.PROMETHEUS["url"],
        "namespaces": settings.KUBERNETES["namespaces"],
        "has_cluster": settings.KUBERNETES["is_connected"],
        "host": request.get_host(),
        "may_test": can_respond(request.user),
    }
    part = "investigations/_connections.html"
    return render(request, part if is_htmx(request) else "investigations/connections.html", context)


@require_POST
@needs(can_respond)
def test_connections(request: HttpRequest) -> HttpResponse:
    """Ask the workers to test every connection."""
    request_checks(actor=f"person/{person_of(request).get_username()}")
    return redirect("connections")
