"""How incidents went, in figures with their formulas."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.rules import can_view
from investigations.views.common import needs
from remediation.queries.figures import Figure, read_figures
from telemetry.phrasing import duration


@require_safe
@needs(can_view)
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures of the last 30 days; ``?of=practice`` for practice."""
    practice = request.GET.get("of") == "practice"
    rows = read_figures(practice=practice, now=database_now())
    context = {"practice": practice, "rows": [(f, _told(f)) for f in rows]}
    return render(request, "remediation/figures.html", context)


def _told(figure: Figure) -> str:
    if figure.value is None:
        return "nothing to count yet"
    if figure.unit == "ratio":
        return f"{figure.value:.0%}"
    if figure.unit == "cents":
        return f"{figure.value:.2f} cents"
    hours = figure.value / 3600
    return f"{hours:.1f} h" if hours >= 2 else duration(figure.value)
