"""The post-mortem: read, edit by section, versions, a fresh draft, Markdown."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from investigations.domain import reports
from investigations.enums import IncidentState, ReportSection
from investigations.errors import BoardError, NotFound
from investigations.models import Investigation, ReportText
from investigations.presenters.report import difference, report_markdown, section_views
from investigations.queries.access import access_investigation
from investigations.queries.beginning import began_at, newest_diagnosis
from investigations.queries.reports import list_versions, newest_version
from investigations.rules import can_respond, can_view
from investigations.typed_text import read_number
from investigations.views.common import needs, person_of

MARKDOWN = "text/markdown; charset=utf-8"


@require_safe
@needs(can_view)
def report(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The post-mortem as it stands, or that it comes when the incident is resolved."""
    investigation = access_investigation(request.user, incident_id)
    texts = reports.current_texts(investigation)
    context = {
        "incident": investigation.incident,
        "began_at": began_at(investigation.incident, newest_diagnosis(investigation.incident)),
        "sections": section_views(texts),
        "is_open_again": investigation.incident.state != IncidentState.RESOLVED,
        "not_yet": reports.NOT_YET,
        "saved": request.GET.get("saved", ""),
    }
    return render(request, "investigations/report.html", context)


@require_safe
@needs(can_view)
def report_md(request: HttpRequest, incident_id: int) -> HttpResponse:
    """The post-mortem as one Markdown file; its anchors lead back here from anywhere."""
    investigation = access_investigation(request.user, incident_id)
    texts = reports.current_texts(investigation)
    if not texts:
        return HttpResponse(reports.NOT_YET + "\n", content_type=MARKDOWN, status=404)
    body = report_markdown(investigation.incident, texts, absolute=request.build_absolute_uri)
    response = HttpResponse(body, content_type=MARKDOWN)
    response.headers["Content-Disposition"] = f'attachment; filename="INC-{incident_id}.md"'
    return response


@require_http_methods(["GET", "POST"])
@needs(can_respond)
def report_section(request: HttpRequest, incident_id: int, section: str) -> HttpResponse:
    """Edit one section. If somebody saved meanwhile, both texts are shown."""
    investigation = access_investigation(request.user, incident_id)
    text = _text(investigation, section)
    if request.method != "POST":
        return _editor(request, investigation, text, body=text.body)
    body = request.POST.get("body", "")
    try:
        reports.save_section(
            investigation_id=investigation.pk, section=section, user=person_of(request), body=body,
            base_version=read_number(request.POST.get("base_version", "")) or 0,
        )  # fmt: skip
    except reports.EditConflict as error:
        return _editor(request, investigation, error.newest, body=body, refusal=error, status=409)
    except BoardError as error:
        return _editor(request, investigation, text, body=body, refusal=error, status=422)
    return _back(incident_id, section)


@require_safe
@needs(can_view)
def report_versions(request: HttpRequest, incident_id: int, section: str) -> HttpResponse:
    """Every version of a section, newest first, each with its difference to the one before."""
    investigation = access_investigation(request.user, incident_id)
    text = _text(investigation, section)
    versions = list_versions(
        investigation, section, before=read_number(request.GET.get("before", ""))
    )
    context = {
        "incident": investigation.incident, "text": text,
        "versions": [(row, difference(earlier.body if earlier else "", row.body))
                     for row, earlier in versions],
        "older": versions[-1][0].version if versions and versions[-1][1] else None,
    }  # fmt: skip
    return render(request, "investigations/report_versions.html", context)


@require_http_methods(["GET", "POST"])
@needs(can_respond)
def report_regenerate(request: HttpRequest, incident_id: int, section: str) -> HttpResponse:
    """Show what a fresh draft would change, and put it there once a person says so."""
    investigation = access_investigation(request.user, incident_id)
    text = _text(investigation, section)
    if request.method == "POST":
        return _change(request, incident_id, section, reports.regenerate_section,
                       investigation_id=investigation.pk)  # fmt: skip
    fresh = reports.draft_section(investigation, section)
    context = {
        "incident": investigation.incident, "text": text, "is_same": fresh == text.body,
        "lines": difference(text.body, fresh),
    }  # fmt: skip
    return render(request, "investigations/report_regenerate.html", context)


@require_POST
@needs(can_respond)
def report_restore(request: HttpRequest, incident_id: int, section: str) -> HttpResponse:
    """Put an older version back, as a new one."""
    investigation = access_investigation(request.user, incident_id)
    return _change(
        request, incident_id, section, reports.restore_section, investigation_id=investigation.pk,
        version=read_number(request.POST.get("version", "")) or 0,
    )  # fmt: skip


def _change(
    request: HttpRequest, incident_id: int, section: str, change: Any, **given: object
) -> HttpResponse:
    base = read_number(request.POST.get("base_version", "")) or 0
    try:
        change(section=section, user=person_of(request), base_version=base, **given)
    except NotFound:
        raise
    except BoardError as error:
        text = str(error)
        if isinstance(error, reports.EditConflict):
            text = f"Version {error.newest.version} was saved meanwhile. Nothing was changed."
        return render(request, "refused.html", {"text": text}, status=409)
    return _back(incident_id, section)


def _text(investigation: Investigation, section: str) -> ReportText:
    if section not in ReportSection.values:
        raise NotFound("There is no such section.")
    stored = newest_version(investigation, section)
    text = stored or reports.current_texts(investigation).get(section)
    if text is None:
        raise NotFound(reports.NOT_YET)
    return text


def _editor(
    request: HttpRequest, investigation: Investigation, text: ReportText, *, body: str,
    refusal: BoardError | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    is_conflict = isinstance(refusal, reports.EditConflict)
    context = {
        "incident": investigation.incident, "text": text, "body": body,
        "refusal": str(refusal) if refusal else "", "max_length": reports.MAX_BODY,
        "lines": difference(text.body, body) if is_conflict else [],
        "is_conflict": is_conflict,
    }  # fmt: skip
    return render(request, "investigations/report_edit.html", context, status=status)


def _back(incident_id: int, section: str) -> HttpResponse:
    response = redirect("report", incident_id=incident_id)
    response.headers["Location"] += f"?saved={section}#{section}"
    return response
