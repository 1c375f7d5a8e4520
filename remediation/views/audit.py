"""The audit log: who did what, filtered, exported as a stream, verified."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date

from asgiref.sync import sync_to_async
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.days import day_begins, day_ends
from investigations.domain.audit import verify_audit
from investigations.forms import DayField
from investigations.models import AuditEntry
from investigations.rules import can_view
from investigations.typed_form import TypedForm
from investigations.typed_text import read_number
from investigations.views.common import needs
from remediation.queries.audit import about_incident, about_subject, places_of

PAGE = 100
CHUNK = 1000
FIELDS = ("id", "at", "actor", "verb", "subject", "detail", "previous_hash", "hash")


class IncidentField(forms.Field):
    """The number of an incident, as ``INC-7`` or ``7``."""

    def __init__(self, *, label: str) -> None:
        super().__init__(required=False, label=label)

    def clean(self, value: str | None) -> int | None:
        """Return the number, or None where nothing was typed."""
        text = (value or "").strip()
        if not text:
            return None
        number = read_number(text.upper().removeprefix("INC-"))
        if number is None:
            raise forms.ValidationError("Give an incident's number, such as INC-7.")
        return number


class WordsField(forms.CharField):
    """A few words that are looked for."""

    def __init__(self, *, label: str, most: int, placeholder: str = "") -> None:
        widget = forms.TextInput(attrs={"placeholder": placeholder} if placeholder else {})
        super().__init__(required=False, max_length=most, label=label, widget=widget)


class AuditForm(TypedForm):
    """Filters; the URL carries them."""

    actor = WordsField(most=150, label="Who")
    verb = WordsField(most=64, label="What")
    subject = WordsField(most=200, label="To", placeholder="A1 or INC-3")
    incident = IncidentField(label="Incident")
    since = DayField(label="Since (UTC day)")
    until = DayField(label="Until (UTC day)")

    def clean_until(self) -> date | None:
        """Refuse days that are the wrong way round: nothing can match them."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            raise forms.ValidationError(f"Until is before since ({since}): turn the days round.")
        return until


def _rows(form: AuditForm) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.order_by("-id")
    if form.is_bound and not form.is_valid():
        return rows.none()
    given = form.cleaned_data if form.is_bound else {}
    if given.get("subject"):
        rows = about_subject(rows, given["subject"].strip())
    for name in ("actor", "verb"):
        if given.get(name):
            rows = rows.filter(**{f"{name}__icontains": given[name].strip()})
    if given.get("incident") is not None:
        rows = about_incident(rows, given["incident"])
    if given.get("since"):
        rows = rows.filter(at__gte=day_begins(given["since"]))
    if given.get("until"):
        rows = rows.filter(at__lt=day_ends(given["until"]))
    return rows


@require_safe
@needs(can_view)
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first; as CSV or JSON with ``?format=``."""
    form = AuditForm(request.GET or None)
    rows = _rows(form)
    wanted = request.GET.get("format", "")
    is_good = not form.is_bound or form.is_valid()
    if is_good and wanted in {"csv", "json"}:
        return _export(rows, wanted)  # type: ignore[return-value]  # a stream, answered like a page
    before = read_number(request.GET.get("before", ""))
    page = list((rows if before is None else rows.filter(pk__lt=before))[:PAGE])
    query = request.GET.copy()
    for name in ("before", "verify", "format"):
        query.pop(name, None)
    is_verified = bool(request.GET.get("verify"))
    places = places_of(page)
    context = {
        "form": form, "rows": [(row, places.get(row.pk)) for row in page],
        "query": query.urlencode(), "count": AuditEntry.objects.count(),
        "head": AuditEntry.objects.order_by("-id").first(), "is_verified": is_verified,
        "is_good": is_good, "broken": verify_audit() if is_verified else None,
        "next": page[-1].pk if len(page) == PAGE else None,
    }  # fmt: skip
    return render(request, "remediation/audit.html", context, status=200 if is_good else 422)


def _export(rows: QuerySet[AuditEntry], wanted: str) -> StreamingHttpResponse:
    """Send every matching row, a thousand at a time, however many there are."""
    kind = "text/csv" if wanted == "csv" else "application/json"
    response = StreamingHttpResponse(_stream(rows, wanted), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{wanted}"'
    return response


async def _stream(rows: QuerySet[AuditEntry], wanted: str) -> AsyncIterator[str]:
    before: int | None = None
    yield _csv([list(FIELDS)]) if wanted == "csv" else '{"entries": [\n'
    while True:
        part = await sync_to_async(_part)(rows, before)
        if not part:
            break
        if wanted == "csv":
            yield _csv([[_safe(entry[name]) for name in FIELDS] for entry in part])
        else:
            yield ("" if before is None else ",\n") + ",\n".join(json.dumps(e) for e in part)
        before = int(str(part[-1]["id"]))
    if wanted == "json":
        yield "\n]}\n"


def _part(rows: QuerySet[AuditEntry], before: int | None) -> list[dict[str, object]]:
    found = rows if before is None else rows.filter(pk__lt=before)
    return [
        {
            "id": r.pk, "at": r.at.isoformat(), "actor": r.actor, "verb": r.verb,
            "subject": r.subject, "detail": r.detail, "previous_hash": r.previous_hash, "hash": r.hash,
        }
        for r in found[:CHUNK]
    ]  # fmt: skip


def _csv(lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()


def _safe(value: object) -> str:
    """Keep a spreadsheet from reading a cell as a formula."""
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
