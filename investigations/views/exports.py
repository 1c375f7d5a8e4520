"""Taking an incident along: the analysis as Markdown, everything as JSON."""

import json
from collections.abc import AsyncIterator
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.models import Investigation
from investigations.presenters.analysis import analysis_markdown
from investigations.presenters.room import build_room
from investigations.queries.access import access_evidence, access_investigation
from investigations.queries.export import EVENTS_MAX, event_page, evidence_page, heading
from investigations.queries.rows import Paging
from investigations.rules import can_view
from investigations.views.common import exact_bytes, needs
from telemetry.results import canonical


@require_safe
@needs(can_view)
def analysis(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The analysis in a field to copy from: where one click cannot reach the clipboard."""
    text = _analysis(request, incident_id)
    context = {"incident_id": incident_id, "text": text}
    return render(request, "investigations/analysis.html", context)


@require_safe
@needs(can_view)
def analysis_md(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The analysis alone, for one click."""
    return HttpResponse(
        _analysis(request, incident_id), content_type="text/markdown; charset=utf-8"
    )


def _analysis(request: HttpRequest, incident_id: int) -> str:
    investigation = access_investigation(request.user, incident_id)
    room = build_room(investigation, now=database_now(), paging=Paging(put_first=True))
    return analysis_markdown(room, absolute=request.build_absolute_uri)


@require_safe
@needs(can_view)
def evidence_bytes(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """What a query gave, redacted, as exactly the bytes that its digest is of."""
    row = access_evidence(request.user, incident_id, number)
    return exact_bytes(
        canonical(row.sample), row.result_digest, name=f"INC-{incident_id}-E{number}"
    )


@require_safe
@needs(can_view)
def export(request: HttpRequest, incident_id: int) -> HttpResponseBase:
    """Everything of an incident as one JSON object, streamed page by page."""
    investigation = access_investigation(request.user, incident_id)
    response = StreamingHttpResponse(_pieces(investigation), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="INC-{incident_id}.json"'
    return response


async def _pieces(investigation: Investigation) -> AsyncIterator[str]:
    head = await database_sync_to_async(heading)(investigation)
    yield json.dumps(head, ensure_ascii=False)[:-1]
    async for piece in _array("evidence", investigation, evidence_page):
        yield piece
    async for piece in _array("events", investigation, event_page):
        yield piece
    yield "}\n"


async def _array(name: str, investigation: Investigation, page: Any) -> AsyncIterator[str]:
    """Yield one array, a page of rows in memory at a time."""
    yield f', "{name}": ['
    after, is_first = 0, True
    while after < EVENTS_MAX:
        rows = await database_sync_to_async(page)(investigation, after=after)
        if not rows:
            break
        text = ",\n".join(json.dumps(row, ensure_ascii=False) for _, row in rows)
        yield text if is_first else f",\n{text}"
        after, is_first = rows[-1][0], False
    yield "]"
