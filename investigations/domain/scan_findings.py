"""Keeping what scans found, and what people decide about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.enums import IncidentOrigin
from investigations.errors import BoardError, NotFound
from investigations.jobs import RUN_SCANS, enqueue
from investigations.models import FindingState, Incident, PeriodicJob, ScanFinding, ScanName
from investigations.queries.scan_findings import job_name
from investigations.typed_text import refuse_longer
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_FINDINGS = 200
MAX_REASON = 300
SCAN_PAUSE = timedelta(minutes=1)
S = FindingState
EDGES: dict[str, set[str]] = {
    S.OPEN: {S.ACCEPTED, S.DISMISSED},
    S.ACCEPTED: {S.DISMISSED, S.OPEN},
    S.DISMISSED: {S.OPEN},
    S.GONE: set(),
}


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """Something a scan sees now. ``key`` names the thing itself, not this sight of it."""

    key: str
    title: str
    advice: str
    window_start: datetime
    window_end: datetime
    resource: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    source: str = ""
    query: str = ""


def record_scan(scan: ScanName, drafts: Sequence[FindingDraft], *, is_whole: bool = True) -> int:
    """Keep what a scan that went well sees: new ones, ones seen again, ones gone. Idempotent.

    What was dismissed stays so; what had gone and is back is open again. A scan that saw only a part
    (``is_whole`` False) lets nothing go. Returns how many it sees.
    """
    now = database_now()
    seen = {draft.key[:400]: draft for draft in drafts[:MAX_FINDINGS]}
    with transaction.atomic():
        known = {
            row.key: row
            for row in ScanFinding.objects.select_for_update().filter(scan=scan, key__in=seen)
        }
        for key, draft in seen.items():
            row = known.get(key) or ScanFinding(scan=scan, key=key, first_seen_at=now)
            row.title, row.advice = redact(draft.title, limit=300), draft.advice[:300]
            row.facts = [[label, redact(value, limit=200)] for label, value in draft.facts]
            row.resource, row.source = draft.resource[:200], draft.source[:64]
            row.query = redact(draft.query)
            row.window_start, row.window_end = draft.window_start, draft.window_end
            row.last_seen_at = now
            if row.state == S.GONE:
                row.state = S.OPEN
            row.save()
        if not is_whole:
            return len(seen)
        gone = ScanFinding.objects.filter(scan=scan, state__in=[S.OPEN, S.ACCEPTED])
        gone.exclude(key__in=seen).update(state=S.GONE)
    return len(seen)


def decide_finding(*, finding_id: int, to: str, reason: str, user: "User") -> ScanFinding:
    """Accept (the person owns it), dismiss with a reason, or open a finding again. Audited.

    Idempotent.

    Raises:
        NotFound: There is none.
        BoardError: It may not move that way, or a dismissal has no reason.
    """
    reason, name = refuse_longer(reason.strip(), MAX_REASON, "the reason"), user.get_username()
    if to == S.DISMISSED and not reason:
        raise BoardError("Say why it is dismissed.")
    with transaction.atomic():
        row = _locked(finding_id)
        if row.state == to:
            return row
        if to not in EDGES[row.state]:
            raise BoardError(f"It is {row.get_state_display()}; it cannot become {to}.")
        row.state, row.reason = to, reason
        row.owner = name if to == S.ACCEPTED else ""
        row.decided_by, row.decided_at = f"person/{name}", database_now()
        row.save(update_fields=["state", "reason", "owner", "decided_by", "decided_at"])
        record_audit(actor=row.decided_by, verb=f"finding.{to}", subject=f"finding/{row.pk}",
                     detail={"title": row.title, "reason": reason})  # fmt: skip
    return row


def open_incident_from(*, finding_id: int, user: "User") -> Incident:
    """Open an incident from a finding and accept it. Idempotent: one incident per finding.

    Raises:
        NotFound: There is none.
        BoardError: It concerns no resource that could be investigated.
    """
    with transaction.atomic():
        row = _locked(finding_id)
        if row.incident is not None:
            return row.incident
        if not row.resource:
            raise BoardError("It concerns no single resource: there is nothing to investigate.")
        now = database_now()
        # Agents look at the recent past; what was seen over hours is in the symptom's words.
        start = max(row.window_start, now - timedelta(minutes=60))
        incident, _ = open_incident(
            IncidentDraft(
                title=row.title, symptom=row.title, resource=row.resource,
                origin=IncidentOrigin.MANUAL, started_at=start, window_start=start, window_end=now,
                baseline_start=start - timedelta(minutes=60), baseline_end=start,
                telemetry=dict(settings.TELEMETRY_DEFAULT),
            ),
            user=user,
        )  # fmt: skip
        row.incident, row.state, row.owner = incident, S.ACCEPTED, user.get_username()
        row.decided_by, row.decided_at = f"person/{user.get_username()}", now
        row.save(update_fields=["incident", "state", "owner", "decided_by", "decided_at"])
    return incident


def ask_for_scans(*, user: "User") -> None:
    """Let every scan look now, at most once a minute for all people together.

    One transaction with its audit entry; a worker begins within seconds.

    Raises:
        BoardError: One runs now, or was asked for or made within the last minute.
    """
    with transaction.atomic():
        jobs = PeriodicJob.objects.select_for_update().filter(
            name__in=[job_name(scan) for scan in ScanName]
        )
        rows, now = list(jobs.order_by("name")), database_now()
        if any(row.lease_until is not None and row.lease_until > now for row in rows):
            raise BoardError("A scan is running now. Its findings come here by themselves.")
        asked = [row.due_at for row in rows if row.due_at is not None and row.due_at <= now]
        last = max([*asked, *(r.attempted_at for r in rows if r.attempted_at)], default=None)
        if last is not None and now - last < SCAN_PAUSE:
            wait = int((SCAN_PAUSE - (now - last)).total_seconds()) + 1
            raise BoardError(f"The last look is less than a minute ago. Ask again in {wait} s.")
        jobs.update(due_at=now)
        record_audit(actor=f"person/{user.get_username()}", verb="scan.asked_for", subject="scan")
        enqueue(RUN_SCANS)


def _locked(finding_id: int) -> ScanFinding:
    row = (
        ScanFinding.objects.select_for_update(of=("self",))
        .select_related("incident").filter(pk=finding_id).first()
    )  # fmt: skip
    if row is None:
        raise NotFound("There is no such finding.")
    return row
