"""Lists, starting by hand, practice, and history."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.domain.clock import database_now
from investigations.domain.incidents import IncidentDraft, close_practice, open_by_hand
from investigations.enums import IncidentOrigin
from investigations.errors import BoardError
from investigations.forms import IncidentsForm, SymptomForm
from investigations.models import Incident
from investigations.practice import check_scenario, start_scenario
from investigations.queries.incidents import IncidentFilter, list_incidents
from investigations.queries.services import doubt_service
from investigations.rules import can_respond, can_view
from investigations.views.common import is_htmx, needs, person_of


@require_safe
@needs(can_view)
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the inbox."""
    return redirect("inbox")


@require_safe
@needs(can_view)
def incident_list(request: HttpRequest) -> HttpResponse:
    """Every incident, with facets and sorting in the address. ``?rows`` gives the table alone."""
    form = IncidentsForm(request.GET or None)
    is_valid = form.is_valid()
    given = form.cleaned_data if is_valid else {}
    wanted = IncidentFilter(
        state=given.get("state", "") or "active",
        severity=given.get("severity", ""), service=given.get("service", ""),
        origin=given.get("origin", ""), sort=given.get("sort", "") or "newest",
        after=request.GET.get("after", "")[:220],
    )  # fmt: skip
    page = list_incidents(wanted)
    context = {"form": form, "page": page, "wanted": wanted, **_addresses(request)}
    is_part = is_htmx(request)
    name = "_incident_table" if is_part else "incident_list"
    status = 200 if is_valid or not request.GET else 422
    return render(request, f"investigations/{name}.html", context, status=status)


def _addresses(request: HttpRequest) -> dict[str, str]:
    """Return the page's query without its place, and without its order."""
    query = request.GET.copy()
    query.pop("after", None)
    kept = query.urlencode()
    query.pop("sort", None)
    return {"query": kept, "unsorted": query.urlencode(), "host": request.get_host()}


@require_POST
@needs(can_respond)
def practice(request: HttpRequest) -> HttpResponse:
    """Start a practice incident; the page then leads to its room as soon as its alert arrives."""
    newest = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    wanted = request.POST.get("scenario", "")
    try:
        check_scenario(wanted)
        close_practice(author=f"person/{request.user.get_username()}")
        start_scenario(wanted)
    except BoardError as error:
        return render(request, "refused.html", {"text": str(error)}, status=422)
    return redirect("practice_started", after=newest)


@require_safe
@needs(can_view)
def practice_started(request: HttpRequest, after: int) -> HttpResponse:
    """Wait for the practice incident's alert, then lead to its room."""
    started = Incident.objects.filter(pk__gt=after, origin=IncidentOrigin.PRACTICE)
    found = started.order_by("pk").first()
    if found is not None:
        return redirect("room", incident_id=found.pk)
    response = render(request, "investigations/practice_started.html", {"after": after})
    response.headers["Refresh"] = "1"
    return response


@require_http_methods(["GET", "POST"])
@needs(can_respond)
def new_incident(request: HttpRequest) -> HttpResponse:
    """Start from a symptom and a window. A name that nobody knows is asked about once."""
    form = SymptomForm(request.POST or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        draft = _draft(form.cleaned_data)
        is_sure = request.POST.get("anyway") == draft.resource
        doubt = "" if is_sure else doubt_service(draft.resource)
        if not doubt:
            incident = open_by_hand(draft, user=person_of(request))
            return redirect("room", incident_id=incident.pk)
        context |= {"doubt": doubt, "anyway": draft.resource}
    status = 422 if request.method == "POST" else 200
    return render(request, "investigations/new_incident.html", context, status=status)


def _draft(given: dict[str, object]) -> IncidentDraft:
    now = database_now()
    started = now - timedelta(minutes=int(str(given["minutes"])))
    resource = str(given["resource"])
    key = resource if "/" in resource else f"service/{resource}"
    return IncidentDraft(
        title=str(given["symptom"]), symptom=str(given["symptom"]), resource=key,
        origin=IncidentOrigin.MANUAL, started_at=started,
        window_start=started - timedelta(minutes=5), window_end=now,
        baseline_start=started - timedelta(minutes=25),
        baseline_end=started - timedelta(minutes=5),
        telemetry=dict(settings.TELEMETRY_DEFAULT),
    )  # fmt: skip
