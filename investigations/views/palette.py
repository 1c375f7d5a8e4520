"""What the command palette asks while somebody types."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from investigations.queries.finding import find
from investigations.rules import can_view
from investigations.typed_text import read_number
from investigations.views.common import needs


@require_safe
@needs(can_view)
def palette(request: HttpRequest) -> HttpResponse:
    """Return what fits ``q`` as JSON; ``i`` is the incident whose page is open."""
    incident_id = read_number(request.GET.get("i", ""))
    found = find(request.user, request.GET.get("q", ""), incident_id=incident_id)
    return JsonResponse({"found": [asdict(row) for row in found]})
