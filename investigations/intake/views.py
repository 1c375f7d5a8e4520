"""The webhook: authenticate, bound, parse, commit, answer. Never an error of ours for bad input."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from investigations.domain.incidents import AlertDraft, IngestResult, ingest_alert
from investigations.enums import IncidentOrigin
from investigations.intake.alertmanager import PayloadError, parse
from investigations.intake.tokens import find_sender

LAB_SENDER = "lab"


def _refusal(status: int, error: str, field: str = "") -> JsonResponse:
    return JsonResponse({"error": error, "field": field}, status=status)


def _body(request: HttpRequest) -> bytes | None:
    """Return the body, or None when it is larger than a delivery may be."""
    try:
        if int(request.headers.get("Content-Length") or 0) > settings.INTAKE_MAX_BYTES:
            return None
        return request.body
    except (RequestDataTooBig, ValueError):
        return None


def _ingest(drafts: list[AlertDraft], *, is_lab: bool) -> list[IngestResult | None]:
    origin = IncidentOrigin.PRACTICE if is_lab else IncidentOrigin.ALERT
    telemetry = {"kind": "lab"} if is_lab else settings.TELEMETRY_DEFAULT
    return [ingest_alert(d, telemetry=telemetry, origin=origin) for d in drafts]


@csrf_exempt
@require_POST
def alertmanager(request: HttpRequest) -> JsonResponse:
    """Take a delivery of Alertmanager. 200 only after every alert in it is committed."""
    sender = find_sender(request.headers.get("Authorization", ""))
    if sender is None:
        return _refusal(
            401, "Send 'Authorization: Bearer <token>' with a token that is not revoked."
        )
    if (body := _body(request)) is None:
        return _refusal(413, f"A delivery may have {settings.INTAKE_MAX_BYTES} bytes.")
    try:
        drafts = parse(body, source=sender.name)
    except PayloadError as error:
        return _refusal(400, error.message, error.field)
    try:
        results = _ingest(drafts, is_lab=sender.name == LAB_SENDER)
    except (DataError, ValueError):
        return _refusal(400, "A text holds a character that cannot be stored.", "alerts")
    known = [r for r in results if r is not None]
    return JsonResponse(
        {
            "alerts": len(drafts),
            "repeats": sum(r.is_repeat for r in known),
            "incidents": sorted({r.incident.pk for r in known}),
        }
    )
