"""The webhook: authenticate, bound, parse, commit, answer. Never an error of ours for bad input."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from investigations.domain.alert_drafts import AlertDraft
from investigations.domain.clock import database_now
from investigations.domain.ingest import IngestResult, ingest_alerts
from investigations.enums import IncidentOrigin
from investigations.intake.alertmanager import Delivery, PayloadError, Refusal, parse
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


def _ingest(delivery: Delivery, *, is_lab: bool) -> tuple[list[IngestResult | None], list[Refusal]]:
    """Commit a delivery: at once, or by halves where one alert in it cannot be stored."""
    origin = IncidentOrigin.PRACTICE if is_lab else IncidentOrigin.ALERT
    telemetry = {"kind": "lab"} if is_lab else settings.TELEMETRY_DEFAULT
    taken: list[IngestResult | None] = []
    refused = list(delivery.refused)

    def take(some: list[tuple[int, AlertDraft]]) -> None:
        try:
            taken.extend(ingest_alerts([d for _, d in some], telemetry=telemetry, origin=origin))
        except (DataError, ValueError, OverflowError):
            if len(some) == 1:
                refused.append(Refusal(some[0][0], f"alerts.{some[0][0]}", "It cannot be stored."))
                return
            middle = len(some) // 2
            take(some[:middle])
            take(some[middle:])

    if delivery.drafts:
        take(list(delivery.drafts.items()))
    return taken, sorted(refused, key=lambda r: r.index)


@csrf_exempt
@require_POST
def alertmanager(request: HttpRequest) -> JsonResponse:
    """Take a delivery of Alertmanager. 200 only after every alert that is accepted is committed.

    Alertmanager does not send again what was answered with a 4xx: 400 only when no alert is good.
    """
    sender = find_sender(request.headers.get("Authorization", ""))
    if sender is None:
        return _refusal(
            401, "Send 'Authorization: Bearer <token>' with a token that is not revoked."
        )
    if (body := _body(request)) is None:
        return _refusal(413, f"A delivery may have {settings.INTAKE_MAX_BYTES} bytes.")
    try:
        delivery = parse(body, source=sender.name, now=database_now())
    except PayloadError as error:
        return _refusal(400, error.message, error.field)
    return _answer(*_ingest(delivery, is_lab=sender.name == LAB_SENDER))


def _answer(taken: list[IngestResult | None], refused: list[Refusal]) -> JsonResponse:
    known = [r for r in taken if r is not None]
    answer: dict[str, object] = {
        "accepted": len(taken),
        "refused": [{"index": r.index, "field": r.field, "reason": r.reason} for r in refused],
        "repeats": sum(r.is_repeat for r in known),
        "incidents": sorted({r.incident.pk for r in known}),
    }
    if refused and not taken:
        answer |= {"error": refused[0].reason, "field": refused[0].field}
        return JsonResponse(answer, status=400)
    return JsonResponse(answer)
