"""The war room and its readings: matrix, log, one hypothesis, one piece of evidence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.domain.visits import mark_seen
from investigations.models import Evidence, Investigation, Stance
from investigations.presenters.matrix import build_matrix
from investigations.presenters.model import ledger_of
from investigations.presenters.room import build_room, card_views
from investigations.presenters.steering import Word, steering_words
from investigations.presenters.stream import AGENTS, KINDS, chosen_lines
from investigations.presenters.timeline import build_timeline
from investigations.presenters.words import NAMES
from investigations.queries.access import (
    access_evidence,
    access_hypothesis,
    access_investigation,
)
from investigations.queries.board import EVENT_PAGE, list_events
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of


@require_safe
@needs(can_view)
def room(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The war room. ``?before=`` pages back through older evidence."""
    investigation = access_investigation(request.user, incident_id)
    before = request.GET.get("before", "")
    now = database_now()
    view = build_room(investigation, now=now, before=read_number(before))
    mark_seen(
        person_id=person_of(request).pk, incident_id=incident_id, sequence=view.sequence, at=now
    )
    context = {"room": view, "before": before, "steering_words": _words(request, investigation)}
    return render(request, "investigations/room.html", context)


def _words(request: HttpRequest, investigation: Investigation) -> list[Word]:
    """Return what the steer box offers, to those who have one."""
    if not can_respond(request.user):
        return []
    return steering_words(investigation, viewer=person_of(request))


@require_safe
@needs(can_view)
def matrix(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Hypotheses against evidence: which separates them."""
    investigation = access_investigation(request.user, incident_id)
    context = {"incident": investigation.incident, "matrix": build_matrix(investigation)}
    return render(request, "investigations/matrix.html", context)


@require_safe
@needs(can_view)
def log(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The journal as typed sentences, 500 events a page; ``agent`` and ``kind`` choose among them."""
    investigation = access_investigation(request.user, incident_id)
    events = list_events(investigation.pk, after=read_number(request.GET.get("after", "")) or 0)
    agent, kind = request.GET.get("agent", ""), request.GET.get("kind", "")
    lines = chosen_lines(events, agent=agent, kind=kind)
    context = {
        "incident": investigation.incident,
        "investigation": investigation,
        "lines": lines,
        "last": events[-1].sequence if len(events) == EVENT_PAGE else None,
        "agents": [(a, NAMES[a]) for a in AGENTS],
        "kinds": KINDS,
        "agent": agent,
        "kind": kind,
        "ledger": ledger_of(investigation),
    }
    return render(request, "investigations/log.html", context)


@require_safe
@needs(can_view)
def evidence(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """One piece of evidence with everything behind it."""
    row = access_evidence(request.user, incident_id, number)
    lane = _lane_of(row)
    chart = None
    if lane is not None:
        investigation = row.investigation
        chart = build_timeline(
            [lane], [], start=row.window_start, end=row.window_end,
            impact_from=investigation.incident.started_at, impact_to=None,
        )  # fmt: skip
    stances = Stance.objects.filter(evidence=row).select_related("hypothesis")
    context = {
        "incident": row.investigation.incident,
        "card": card_views([row])[0],
        "stances": stances.order_by("-weight_decibans"),
        "chart": chart,
        "sample": {k: v for k, v in row.sample.items() if k not in {"times", "values", "finding"}},
    }
    return render(request, "investigations/evidence.html", context)


def _lane_of(row: Evidence) -> dict[str, object] | None:
    sample = row.sample
    times, values = sample.get("times"), sample.get("values")
    if not times or not values:
        return None
    points = [[t, v] for t, v in zip(times, values, strict=False) if v is not None]
    usual = sorted(v for _, v in points)[: max(1, len(points) // 2)]
    return {
        "label": sample.get("series", ""), "resource": row.resource,
        "points": points, "baseline_low": usual[0], "baseline_high": usual[-1],
        "value_text": f"{points[-1][1]:.4g}", "note": str(sample.get("unit", "")),
    }  # fmt: skip


@require_safe
@needs(can_view)
def hypothesis(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """One hypothesis: its standing, what speaks for and against it."""
    row = access_hypothesis(request.user, incident_id, number)
    stances = list(
        Stance.objects.filter(hypothesis=row)
        .select_related("evidence")
        .order_by("-weight_decibans")
    )
    context = {
        "incident": row.investigation.incident,
        "hypothesis": row,
        "supports": [s for s in stances if s.weight_decibans >= 1],
        "refutes": [s for s in reversed(stances) if s.weight_decibans <= -1],
    }
    return render(request, "investigations/hypothesis.html", context)
