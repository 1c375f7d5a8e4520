"""Past incidents: searching them, and two of them side by side."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.embeddings import EmbeddingUnavailable, get_embedder
from investigations.forms import HistoryForm
from investigations.models import Incident
from investigations.queries.access import access_incident
from investigations.queries.comparing import compare
from investigations.queries.history import PAGE, HistoryFilter, HistoryRow, search
from investigations.queries.likeness import similar_incidents
from investigations.queries.resources import list_actions, list_fault_classes
from investigations.rules import can_view
from investigations.typed_text import read_number
from investigations.views.common import needs


@require_safe
@needs(can_view)
def history(request: HttpRequest) -> HttpResponse:
    """Search past incidents by words, likeness and facets; ``?like=`` asks for the most alike."""
    form = HistoryForm(request.GET or None)
    form.offer(fault_classes=list_fault_classes(), actions=list_actions())
    is_valid = form.is_valid()
    given = form.cleaned_data if is_valid else {}
    wanted = _wanted(given, request.GET.get("before", ""))
    like = _like(request)
    is_good = is_valid or not request.GET
    rows = _rows(wanted, like) if is_good else []
    is_ranked = bool(wanted.text or like)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form, "rows": rows, "like": like, "is_ranked": is_ranked, "query": query.urlencode(),
        "is_searching": is_ranked or any(given.values()) or not is_valid, "now": database_now(),
        "is_good": is_good,
        "is_narrowed": bool(form.errors) or any(v for name, v in given.items() if name != "q"),
        "next": rows[-1].incident.pk if len(rows) == PAGE and not is_ranked else None,
    }  # fmt: skip
    status = 200 if is_good else 422
    return render(request, "investigations/history.html", context, status=status)


def _rows(wanted: HistoryFilter, like: Incident | None) -> list[HistoryRow]:
    if like is None:
        return search(wanted, vector=_vector(wanted.text))
    return similar_incidents(like, limit=PAGE, wanted=wanted)


def _like(request: HttpRequest) -> Incident | None:
    number = read_number(request.GET.get("like", ""))
    return None if number is None else access_incident(request.user, number)


def _wanted(given: dict[str, Any], before: str) -> HistoryFilter:
    return HistoryFilter(
        text=given.get("q", ""), service=given.get("service", ""),
        fault_class=given.get("cause", ""), verdict=given.get("verdict", ""),
        action=given.get("action", ""), severity=given.get("severity", ""),
        state=given.get("state", ""), since=given.get("since"), until=given.get("until"),
        before=read_number(before),
    )  # fmt: skip


def _vector(text: str) -> list[float] | None:
    if not text:
        return None
    try:
        return get_embedder().embed(text)
    except EmbeddingUnavailable:
        return None


@require_safe
@needs(can_view)
def compare_incidents(request: HttpRequest) -> HttpResponse:
    """Two incidents side by side; what was picked in a list comes as ``?pick=`` twice."""
    picked = request.GET.getlist("pick")
    if len(picked) == 2:
        return redirect(f"{reverse('compare')}?a={picked[0]}&b={picked[1]}")
    a, b = (read_number(request.GET.get(name, "")) for name in ("a", "b"))
    if a is None or b is None or a == b:
        text = "Choose two different incidents in History, then compare them."
        return render(request, "refused.html", {"text": text}, status=422)
    first, second = access_incident(request.user, a), access_incident(request.user, b)
    return render(request, "investigations/compare.html", {"found": compare(first, second)})
