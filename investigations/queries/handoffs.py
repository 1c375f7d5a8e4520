"""Handoffs that wait for somebody, and the note that code fills in from the board."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from investigations.enums import (
    OVER_STATES,
    EntryKind,
    HandoffState,
    HypothesisState,
    IncidentOrigin,
    IncidentState,
    Role,
)
from investigations.models import Diagnosis, Handoff, Hypothesis, Investigation
from investigations.phrases import also_affected, blames, lead_of, plain_rule, shared_with
from investigations.queries.beginning import seen_before
from investigations.queries.rows import alerting_of
from investigations.scale import likelihood

CHECK_IN = timedelta(minutes=30)
SHOWN = 20
MAX_PART = 2000


@dataclass(frozen=True, slots=True)
class NotePrefill:
    """The note's parts as the board tells them now."""

    standing: str
    leading: str
    tried: str
    waiting: str
    risks: str
    check_at: datetime


def list_pending_handoffs(user: User) -> list[Handoff]:
    """Return the handoffs that wait for a person: offered to them, or to whoever takes it.

    Newest first, at most 20, with ``investigation.incident``. Whether the person may respond is
    the caller's to check. One query.
    """
    rows = Handoff.objects.filter(Q(to=user) | Q(to=None, to_name=""), state=HandoffState.PENDING)
    rows = rows.exclude(investigation__incident__state__in=OVER_STATES)
    rows = rows.exclude(offered_by=user).select_related("investigation__incident")
    return list(rows.order_by("-offered_at", "-pk")[:SHOWN])


def offered_to(investigation: Investigation) -> str:
    """Return to whom the lead is offered and not taken yet; empty if to nobody. One query."""
    row = Handoff.objects.filter(investigation=investigation, state=HandoffState.PENDING).first()
    return "" if row is None else row.to_name or "whoever takes it"


def list_responders(*, limit: int = 200) -> list[User]:
    """Return the active people who may respond, by name. One query."""
    rows = User.objects.filter(is_active=True, groups__name__in=[Role.RESPONDER, Role.APPROVER])
    return list(rows.distinct().order_by("username")[:limit])


def prefill_note(investigation: Investigation, *, now: datetime) -> NotePrefill:
    """Return the note for the next lead as the board tells it. A bounded number of queries."""
    incident = investigation.incident
    diagnosis = investigation.diagnoses.order_by("-number").select_related("hypothesis").first()
    rivals = list(investigation.hypotheses.order_by("number")[:100])
    entries = investigation.entries.filter(kind=EntryKind.ACTION).order_by("id")[:50]
    actions = [entry.data for entry in entries]
    seen = seen_before(incident, diagnosis)
    until = (incident.resolved_at or now) if incident.state == IncidentState.RESOLVED else now
    minutes = max(0, int((until - (seen or incident.started_at)).total_seconds() // 60))
    by = "reported" if incident.origin == IncidentOrigin.MANUAL else "alert"
    since = (
        f"began {seen:%H:%M:%SZ} ({minutes} min), {by} {incident.started_at:%H:%M:%SZ}" if seen
        else f"since {incident.started_at:%H:%M:%SZ} ({minutes} min)"
    )  # fmt: skip
    agents = f"Agents: {investigation.get_state_display().lower()}"
    standing = [
        f"{incident.get_severity_display()}, {incident.get_state_display().lower()}, {since}.",
        _happening(investigation, diagnosis),
        f"{agents}, paused." if investigation.paused_at else f"{agents}.",
    ]
    gaps = [str(g.get("text", "")) for g in diagnosis.gaps] if diagnosis else []
    if diagnosis and diagnosis.would_change:
        gaps.append(f"Would change the verdict: {diagnosis.would_change}")
    return NotePrefill(
        standing=_lines(standing),
        leading=_leading(rivals, diagnosis),
        tried=_lines(_tried(actions, rivals)) or "Nothing yet.",
        waiting=_lines(_waiting(actions, investigation)) or "Nothing waits for anybody.",
        risks=_lines(gaps) or "None known to the board.",
        check_at=now + CHECK_IN,
    )


def _happening(investigation: Investigation, diagnosis: Diagnosis | None) -> str:
    """Return what is wrong, and who else is hurt: by the evidence, and by the alerts."""
    incident, said = investigation.incident, diagnosis.happening if diagnosis else ""
    also = also_affected(
        said, alerting=alerting_of(investigation), place=incident.resource.rpartition("/")[2],
        is_over=incident.state == IncidentState.RESOLVED,
    )  # fmt: skip
    return f"{lead_of(said) or incident.symptom} {also}".strip()


def _lines(parts: list[str]) -> str:
    return "\n".join(p for p in parts if p)[:MAX_PART]


def _leading(rivals: list[Hypothesis], diagnosis: Diagnosis | None) -> str:
    open_ones = [h for h in rivals if h.state != HypothesisState.RULED_OUT]
    tested = [h for h in open_ones if h.posterior is not None]
    if not tested:
        out = len(rivals) - len(open_ones)
        if not out:
            return "No hypothesis has been tested yet." if rivals else "No hypothesis yet."
        left = f"; {len(open_ones)} not tested yet" if open_ones else ""
        return f"None leads: {out} of {len(rivals)} ruled out{left}."
    first = max(tested, key=lambda h: (h.state == HypothesisState.LEADING, h.posterior or 0.0))
    told = (
        f"H{first.number} {first.claim}. {likelihood(first.posterior)}: {first.supports_count} for, "
        f"{first.refutes_count} against."
    )
    if diagnosis and diagnosis.blamed and diagnosis.hypothesis_id == first.pk:
        blamed = blames(str(diagnosis.blamed["text"]))
        told = f"{told} {blamed} (E{diagnosis.blamed['evidence']})"
    return _lines([told, *(f"H{h.number} {h.claim}: {shared_with(h.note)}." for h in tested
                           if h is not first and shared_with(h.note)),
                   *(_of_person(h) for h in open_ones if h is not first
                     and h.author.startswith("person/")
                     and (h.posterior is None or not shared_with(h.note)))])  # fmt: skip


def _of_person(row: Hypothesis) -> str:
    """Return how a rival fares that a person posted: who takes over will be asked about it."""
    by = row.author.partition("/")[2]
    told = likelihood(row.posterior)
    if row.posterior is not None:
        told = f"{told}: {row.supports_count} for, {row.refutes_count} against"
    return f"H{row.number} {row.claim} (by {by}): {told}."


def _tried(actions: list[dict[str, object]], rivals: list[Hypothesis]) -> list[str]:
    done = [
        f"A{a.get('number')} {a.get('title')}: {str(a.get('state')).replace('_', ' ')}. "
        f"{a.get('result') or ''}".strip()
        for a in actions
        if a.get("state") not in {"proposed", "superseded"}
    ]
    out = [
        f"H{h.number} {h.claim}: ruled out by {plain_rule(h.ruled_out_by).removeprefix('person/') or 'the evidence'}."
        for h in rivals
        if h.state == HypothesisState.RULED_OUT
    ]
    return done + out


def _waiting(actions: list[dict[str, object]], investigation: Investigation) -> list[str]:
    found = [
        f"A{a.get('number')} {a.get('title')} waits, but nobody can approve it now: {a['blocked']}"
        if a.get("blocked")
        else f"A{a.get('number')} {a.get('title')} waits for an approver{_until(a.get('expires_at'))}."
        for a in actions
        if a.get("state") == "proposed"
    ]
    unread = investigation.steering.filter(state="sent").count()
    if unread:
        found.append(f"{unread} message{'s' if unread > 1 else ''} not read by the agents yet.")
    update = investigation.updates.order_by("-number").first()
    due = update.due_at(investigation.incident) if update is not None else None
    if due is not None:
        found.append(f"The next status update is due at {due:%H:%M}Z.")
    return found


def _until(value: object) -> str:
    """Return until when, in UTC; another package wrote the value."""
    try:
        return f" until {datetime.fromisoformat(str(value)):%H:%M}Z"
    except ValueError:
        return ""
