"""Is it right? How sure the agents were, against what became of it."""

import json
from importlib.resources import files

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from agents.domain.recalibrating import accept_fit, map_in_use
from agents.models import CalibrationFit
from agents.queries.calibration import reliability_of
from investigations.errors import BoardError
from investigations.queries.grades import WANTED, list_graded
from investigations.rules import can_administer, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of


@require_safe
@needs(can_view)
def calibration(request: HttpRequest) -> HttpResponse:
    """Reliability, Brier score, accuracy by class of fault, the misses, and the map in use."""
    practice = request.GET.get("of") == "practice"
    found = reliability_of(list_graded(practice=practice))
    newest = CalibrationFit.objects.select_related("accepted_by").first()
    context = {
        "practice": practice, "found": found, "wanted": WANTED, "is_enough": found.count >= WANTED,
        "map": map_in_use(), "origin": _origin(), "fit": newest,
        "may_accept": can_administer(request.user),
    }  # fmt: skip
    return render(request, "agents/calibration.html", context)


def _origin() -> dict[str, object]:
    text = files("agents.reconciler").joinpath("calibration.json").read_text(encoding="utf-8")
    origin: dict[str, object] = json.loads(text)
    return origin


@require_POST
@needs(can_administer)
def accept(request: HttpRequest) -> HttpResponse:
    """Use the proposed map from now on."""
    wanted = request.POST.get("fit", "")
    try:
        number = read_number(wanted)
        if number is None:
            raise BoardError("Choose the proposal to use.")
        fit = accept_fit(fit_id=number, user=person_of(request))
    except BoardError as error:
        return render(request, "refused.html", {"text": str(error)}, status=422)
    messages.success(request, f"The map {fit.version} is in use.")
    return redirect("calibration")
