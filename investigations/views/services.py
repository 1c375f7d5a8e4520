"""Services: the map, the list, and a page for each."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.domain.services import EVERY_SECONDS, JOB, describe_service
from investigations.errors import BoardError
from investigations.models import Service, Tier
from investigations.presenters.readings import present_readings
from investigations.presenters.service_map import draw
from investigations.presenters.service_rows import present_services
from investigations.queries.periodic import job_row
from investigations.queries.service_incidents import PAST, past_incidents
from investigations.queries.services import (
    access_service,
    changes_of,
    landscape,
    readings_of,
)
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of

MAX_HOPS = 4


@require_safe
@needs(can_view)
def services(request: HttpRequest) -> HttpResponse:
    """Show who calls whom and how each stands; ``?focus=``, ``?hops=``, ``?view=list``."""
    now = database_now()
    land = landscape(now)
    wanted = request.GET.get("focus", "")
    focus = next((s for s in land.services if s.slug == wanted), None)
    hops = min(MAX_HOPS, max(1, read_number(request.GET.get("hops", "")) or 1))
    is_list = request.GET.get("view") == "list"
    drawn = draw(land, focus=focus, hops=hops)
    context = {
        "map": None if is_list else drawn,
        "rows": present_services(land, only={n.service.key for n in drawn.nodes} if focus else None),
        "land": land, "focus": focus, "hops": hops, "is_list": is_list, "lost": wanted and not focus,
        "hop_choices": range(1, MAX_HOPS + 1), "job": job_row(JOB), "now": now,
        "every": int(EVERY_SECONDS), "is_practice": settings.TELEMETRY_DEFAULT["kind"] == "lab",
    }  # fmt: skip
    return render(request, "investigations/services.html", context)


@require_safe
@needs(can_view)
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one service: who answers for it, how it stands, what was changed, what went wrong."""
    return render(request, "investigations/service.html",
                  _context(request, access_service(request.user, slug)))  # fmt: skip


def _context(request: HttpRequest, row: Service, **more: object) -> dict[str, object]:
    now = database_now()
    land = landscape(now)
    past, health = past_incidents(row), land.health.get(row.key)
    began = {p.incident.pk: p.began_at for p in past}
    hurt = health.incidents if health else ()
    return {
        "service": row, "open": [(i, began.get(i.pk, i.started_at)) for i in hurt], "now": now, "tiers": Tier.choices,
        "map": draw(land, focus=row, hops=1),
        "rows": [r for r in present_services(land) if r.service.key == row.key],
        "readings": present_readings(readings_of(row), now), "changes": changes_of(row),
        "past": past, "is_cut": len(past) == PAST, "may_edit": can_respond(request.user), **more,
    }  # fmt: skip


@require_POST
@needs(can_respond)
def describe(request: HttpRequest, slug: str) -> HttpResponse:
    """Set owner, contact, tier, objective and description."""
    row = access_service(request.user, slug)
    typed = {n: request.POST.get(n, "") for n in ("owner", "contact", "tier", "objective",
                                                   "description")}  # fmt: skip
    try:
        describe_service(service=row, actor=f"person/{person_of(request).get_username()}", **typed)
    except BoardError as error:
        for name, value in typed.items():
            setattr(row, name, value)
        context = _context(request, row, refusal=str(error))
        return render(request, "investigations/service.html", context, status=422)
    return redirect("service", slug=slug)
