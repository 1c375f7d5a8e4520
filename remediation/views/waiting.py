"""How many things wait for the person who looks: what the page's title counts."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from investigations.rules import can_view
from investigations.views.common import needs, person_of
from remediation.queries.waiting import count_decidable


@require_safe
@needs(can_view)
def waiting(request: HttpRequest) -> HttpResponse:
    """Return the number as JSON."""
    return JsonResponse({"count": count_decidable(person_of(request))})
