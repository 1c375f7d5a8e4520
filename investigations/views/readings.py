"""Readings of a board beside its room: timeline, graph, matrix, one hypothesis, one evidence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.models import Evidence, Stance
from investigations.presenters import words
from investigations.presenters.again import again_of
from investigations.presenters.axis import axis_of
from investigations.presenters.cards import card_views
from investigations.presenters.matrix import build_matrix
from investigations.presenters.pages import chart_of, graph_page, hypothesis_page
from investigations.presenters.room import build_room, timeline_of
from investigations.presenters.views import SAYS, dissents_of
from investigations.queries.access import (
    access_evidence,
    access_hypothesis,
    access_investigation,
)
from investigations.queries.board import views_of
from investigations.queries.deciding import FIRST
from investigations.queries.objects import view_object
from investigations.queries.rows import Paging, challenge_of, evidence_citing, rows_now
from investigations.rules import can_view
from investigations.typed_text import read_number
from investigations.views.common import has_digest, is_htmx, needs
from telemetry.results import canonical

ALL_LANES = 24


@require_safe
@needs(can_view)
def older_evidence(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The next page of cards, to be put under those that are shown."""
    investigation = access_investigation(request.user, incident_id)
    first = [read_number(n) for n in request.GET.get("without", "").split(".")[:FIRST]]
    without = frozenset(n for n in first if n is not None)
    paging = Paging(read_number(request.GET.get("before", "")), without=without)
    view = build_room(investigation, now=database_now(), paging=paging)
    shown = (read_number(request.GET.get("shown", "")) or 0) + len(view.cards)
    context = {"room": view, "shown": shown, "without": sorted(without)}
    return render(request, "investigations/_cards.html", context)


@require_safe
@needs(can_view)
def timeline(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The whole axis: every lane, or those of one measure; ``?at=`` marks a moment.

    The page follows its board, by asking for its part alone.
    """
    investigation = access_investigation(request.user, incident_id)
    # Read first: what comes while the rest is read is asked for again, never missed.
    sequence = investigation.last_sequence
    whole = timeline_of(rows_now(investigation), limit=ALL_LANES)
    wanted = request.GET.get("lane", "")
    context = {
        "incident": investigation.incident,
        "t": whole,
        "labels": sorted({lane.label for lane in whole.lanes}),
        "wanted": wanted,
        "lanes": [x for x in whole.lanes if not wanted or x.label == wanted],
        "at": whole.moment(request.GET.get("at", "")),
        "sequence": sequence, "query": request.GET.urlencode(), "as_of": database_now(),
    }  # fmt: skip
    name = "_timeline_page" if is_htmx(request) else "timeline"
    return render(request, f"investigations/{name}.html", context)


@require_safe
@needs(can_view)
def graph(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Causal chain, blast radius and topology, as figures and as lists; ``?all=1``: the whole of it."""
    investigation = access_investigation(request.user, incident_id)
    is_whole = request.GET.get("all") == "1"
    page = graph_page(investigation, is_whole=is_whole)
    context = {"incident": investigation.incident, "page": page, "is_whole": is_whole}
    return render(request, "investigations/graph.html", context)


@require_safe
@needs(can_view)
def matrix(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Hypotheses against evidence: which separates them."""
    investigation = access_investigation(request.user, incident_id)
    diagnosis = investigation.diagnoses.order_by("-number").first()
    context = {
        "incident": investigation.incident,
        "matrix": build_matrix(investigation),
        "gaps": diagnosis.gaps if diagnosis else [],
        "only": read_number(request.GET.get("h", "")),
    }
    return render(request, "investigations/matrix.html", context)


@require_safe
@needs(can_view)
def evidence(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """One piece of evidence with everything behind it."""
    row = access_evidence(request.user, incident_id, number)
    axis = axis_of(row.investigation)
    newest = row.investigation.diagnoses.order_by("-number").values_list("hypothesis_id", flat=True)
    card = card_views([row], axis=axis, challenges=challenge_of(row), lead=newest.first())[0]
    stances = Stance.objects.filter(evidence=row).select_related("hypothesis")
    context = {
        "incident": row.investigation.incident,
        "card": card,
        "axis": axis,
        "stances": stances.order_by("-weight_decibans"),
        **_weighing(request, row),
        "again": again_of(row.resource, start=row.window_start, end=row.window_end),
        "chart": chart_of(card),
        "cited_by": evidence_citing(row),
        "sample": {k: v for k, v in row.sample.items() if k not in {"times", "values", "finding"}},
        "has_bytes": has_digest(canonical(row.sample), row.result_digest),
        "fresh": words.age(row.window_end, row.posted_at),
        "further": row.sample.get("finding", {}).get("further_queries", []),
    }
    return render(request, "investigations/evidence.html", context)


def _weighing(request: HttpRequest, row: Evidence) -> dict[str, object]:
    """Return what people think that it says, and what the form for one's own view offers."""
    views = [v for v in views_of(row.investigation) if v.evidence_id == row.pk]
    hypotheses = row.investigation.hypotheses.order_by("number").only("number", "claim")
    return {
        "views": dissents_of(view_object(v) for v in views),
        "hypotheses": list(hypotheses[:100]), "kinds": SAYS.items(),
        "chosen": read_number(request.GET.get("h", "")),
    }  # fmt: skip


@require_safe
@needs(can_view)
def hypothesis(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """One hypothesis: its standing, what it predicted, what was found, how it fared."""
    row = access_hypothesis(request.user, incident_id, number)
    context = {
        "incident": row.investigation.incident,
        "investigation": row.investigation,
        "hypothesis": row,
        "page": hypothesis_page(row),
        "again": again_of(row.resource),
    }
    return render(request, "investigations/hypothesis.html", context)
