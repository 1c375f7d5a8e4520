"""From board events to reasons to call somebody. Runs in the transaction of the event."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from investigations.enums import (
    BoardEventKind,
    DiagnosisVerdict,
    EntryKind,
    IncidentOrigin,
    IncidentState,
    Severity,
)
from investigations.jobs import DELIVER, send
from investigations.models import (
    Attention,
    AttentionKind,
    Audience,
    BoardEvent,
    Incident,
    Investigation,
)
from investigations.typed_text import without_controls, without_reordering
from telemetry.redaction import redact

LINK = re.compile(r"(?i)\b(https?|ftp)://|\bwww\.")
ZERO_WIDTH = dict.fromkeys((*range(0x200B, 0x2010), 0x2060, 0xFEFF))
ANGLES = {ord("<"): "\u2039", ord(">"): "\u203a", ord("@"): "(at)"}
# The guardrail by which remediation says that a change would only be taken back again.
OSCILLATION = "oscillation"
FAILURES = {"failed": AttentionKind.ACTION_FAILED, "undone": AttentionKind.ACTION_UNDONE}


@dataclass(frozen=True, slots=True)
class Call:
    """A reason to call somebody, about to be stored."""

    kind: AttentionKind
    key: str
    audience: Audience
    title: str
    text: str
    path: str
    username: str = ""


Caller = Callable[[dict[str, object], Incident], Iterable[Call]]


def neutral(text: str, *, limit: int) -> str:
    """Return foreign text that is harmless in mail, chat and notifications.

    One line, no secrets, no control or reordering characters, nothing that a client would make a
    link or a mention of.
    """
    plain = without_reordering(without_controls(text)).translate(ZERO_WIDTH)
    plain = " ".join(redact(plain, limit=4 * limit).split())
    plain = LINK.sub(lambda m: m[0].replace("://", "[:]//").replace("www.", "www[.]"), plain)
    plain = plain.translate(ANGLES)
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def note_attention(events: Iterable[BoardEvent], investigation: Investigation) -> None:
    """Store the calls of some new events. Each once, by its key; the sending is a worker's."""
    telling = [event for event in events if _may_call(event)]
    if not telling:
        return
    # Read only now: most events are evidence and what agents do, which call nobody.
    incident = investigation.incident
    rows = [_row(call, incident) for event in telling for call in _calls(event, incident)]
    if not rows:
        return
    Attention.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(partial(send, DELIVER))


def _row(call: Call, incident: Incident) -> Attention:
    person = User.objects.filter(username=call.username).first() if call.username else None
    return Attention(
        kind=call.kind, dedup_key=call.key, incident=incident, audience=call.audience,
        person=person, title=neutral(call.title, limit=200), text=neutral(call.text, limit=500),
        path=call.path, is_practice=incident.origin == IncidentOrigin.PRACTICE,
    )  # fmt: skip


def _may_call(event: BoardEvent) -> bool:
    """Whether events of this kind, or about such an entry, can call somebody."""
    if event.kind == BoardEventKind.ENTRY_CHANGED:
        entries = event.payload["upsert"].get("entries", {}).values()
        return any(entry["kind"] == EntryKind.ACTION for entry in entries)
    return event.kind in _callers()


def _callers() -> Mapping[BoardEventKind, tuple[str, Caller]]:
    return {
        BoardEventKind.DIAGNOSIS_REACHED: ("diagnoses", _of_diagnosis),
        BoardEventKind.INCIDENT_CHANGED: ("incident", _of_incident),
        BoardEventKind.STATUS_POSTED: ("updates", _of_update),
        BoardEventKind.HANDOFF_CHANGED: ("handoffs", _of_handoff),
    }


def _calls(event: BoardEvent, incident: Incident) -> Iterable[Call]:
    upsert = event.payload["upsert"]
    if event.kind == BoardEventKind.ENTRY_CHANGED:
        for entry in upsert.get("entries", {}).values():
            if entry["kind"] == EntryKind.ACTION:
                yield from _of_action(entry["data"], incident)
        return
    collection, calls = _callers()[BoardEventKind(event.kind)]
    for said in upsert.get(collection, {}).values():
        yield from calls(said, incident)


def _of_action(data: dict[str, object], incident: Incident) -> Iterable[Call]:
    number, state = data.get("number"), str(data.get("state"))
    where = f"INC-{incident.pk}"
    path = f"/i/{incident.pk}/a/{number}/"
    key = f"action/{data.get('id')}"
    title = f"A{number} {data.get('title')}"
    have, need = int(str(data.get("approvals") or 0)), int(str(data.get("approvals_needed") or 1))
    text = f"{incident.get_severity_display()} {incident.title}"
    blocked_by = data.get("blocked_by")
    if state == "proposed" and isinstance(blocked_by, list) and OSCILLATION in blocked_by:
        yield Call(AttentionKind.ACTION_BACK_AND_FORTH, f"{key}/back-and-forth",
                   Audience.RESPONDERS, f"{where}: {title} would go back and forth: it is halted",
                   str(data.get("blocked") or text), path)  # fmt: skip
    elif state == "proposed" and not have:
        yield Call(AttentionKind.ACTION_PROPOSED, f"{key}/proposed", Audience.APPROVERS,
                   f"{where}: {title} waits for approval", text, path)  # fmt: skip
    elif state == "proposed" and 2 * have >= need:
        yield Call(AttentionKind.ACTION_QUORUM, f"{key}/approvals/{have}", Audience.APPROVERS,
                   f"{where}: {title} has {have} of {need} approvals", text, path)  # fmt: skip
    elif state in FAILURES:
        yield Call(FAILURES[state], f"{key}/{state}", Audience.RESPONDERS,
                   f"{where}: {title} {'failed' if state == 'failed' else 'was undone'}",
                   str(data.get("result") or text), path)  # fmt: skip


def _of_diagnosis(data: dict[str, object], incident: Incident) -> Iterable[Call]:
    """Where strong evidence speaks against what leads, the agents stop and a person is called."""
    against = data.get("dissent")
    if data.get("verdict") != DiagnosisVerdict.INCONCLUSIVE or not isinstance(against, list):
        return
    if against and incident.state == IncidentState.OPEN:
        yield Call(
            AttentionKind.DISAGREEMENT, f"disagreement/{incident.pk}", Audience.RESPONDERS,
            f"INC-{incident.pk}: the evidence disagrees, a person must look: {incident.title}",
            f"{data.get('summary')} Against it: {against[0].get('text')}", f"/i/{incident.pk}/",
        )  # fmt: skip


def _of_incident(data: dict[str, object], incident: Incident) -> Iterable[Call]:
    if data.get("state") == IncidentState.RESOLVED:
        yield Call(
            AttentionKind.STATUS, f"status/{incident.pk}/resolved/{data.get('resolved_at')}",
            Audience.FOLLOWERS, f"INC-{incident.pk} is resolved: {incident.title}", "",
            f"/i/{incident.pk}/status/",
        )  # fmt: skip
    if data.get("severity") == Severity.SEV1 and data.get("state") == "open":
        yield Call(AttentionKind.SEVERITY, f"incident/{incident.pk}/sev1", Audience.RESPONDERS,
                   f"INC-{incident.pk} is SEV1: {incident.title}", incident.symptom,
                   f"/i/{incident.pk}/")  # fmt: skip


def _of_update(data: dict[str, object], incident: Incident) -> Iterable[Call]:
    due = str(data.get("next_due_at") or "")
    promise = f" Next update by {due[11:16]}Z." if due else ""
    yield Call(
        AttentionKind.STATUS, f"status/{incident.pk}/{data.get('number')}", Audience.FOLLOWERS,
        f"INC-{incident.pk} status: {incident.title}",
        f"{data.get('text')} {data.get('impact') or ''}{promise}", f"/i/{incident.pk}/status/",
    )  # fmt: skip


def _of_handoff(data: dict[str, object], incident: Incident) -> Iterable[Call]:
    if data.get("state") != "pending":
        return
    to = str(data.get("to") or "")
    yield Call(
        AttentionKind.HANDOFF, f"handoff/{incident.pk}/{data.get('number')}", Audience.RESPONDERS,
        f"INC-{incident.pk} is handed to {'you' if to else 'whoever takes it'}: {incident.title}",
        f"By {str(data.get('author')).removeprefix('person/')}. {data.get('standing') or ''}",
        f"/i/{incident.pk}/handoff/", username=to,
    )  # fmt: skip
