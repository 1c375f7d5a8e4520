"""Board objects: rows as the JSON objects that snapshots and events carry. One shape for both."""

import hashlib
from datetime import datetime

from investigations.enums import GradeSource
from investigations.models import (
    Alert,
    BoardEntry,
    Diagnosis,
    Evidence,
    Grade,
    Handoff,
    Hypothesis,
    Incident,
    Investigation,
    PersonView,
    ReportText,
    ShareLink,
    Stance,
    StatusUpdate,
    SteeringMessage,
)

BoardObject = dict[str, object]


def _at(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def incident_object(incident: Incident) -> BoardObject:
    """Return the incident as the board shows it."""
    return {
        "id": incident.pk,
        "title": incident.title,
        "symptom": incident.symptom,
        "state": incident.state,
        "severity": incident.severity,
        "severity_reasons": incident.severity_reasons,
        "origin": incident.origin,
        "resource": incident.resource,
        "semantic": incident.semantic,
        "started_at": _at(incident.started_at),
        "mitigated_at": _at(incident.mitigated_at),
        "resolved_at": _at(incident.resolved_at),
        "resolution": incident.resolution,
        "lead": incident.lead,
        "acknowledged_at": _at(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "merged_into": incident.merged_into_id,
        "merged_by": incident.merged_by,
        "merge_reason": incident.merge_reason,
        "absorbed": incident.absorbed,
    }


def investigation_object(investigation: Investigation) -> BoardObject:
    """Return the run's state and budget. The journal's head is not part of the board."""
    return {
        "id": investigation.pk,
        "state": investigation.state,
        "paused_at": _at(investigation.paused_at),
        "paused_by": investigation.paused_by,
        "paused_agents": investigation.paused_agents,
        "round": investigation.round,
        "scope": investigation.scope,
        "window": [_at(investigation.window_start), _at(investigation.window_end)],
        "baseline": [
            _at(investigation.baseline_start),
            _at(investigation.baseline_end),
        ],
        "budget_seconds": investigation.budget_seconds,
        "budget_queries": investigation.budget_queries,
        "budget_rows": investigation.budget_rows,
        "used_seconds": investigation.used_seconds,
        "used_queries": investigation.used_queries,
        "used_rows": investigation.used_rows,
        "ended_at": _at(investigation.ended_at),
        "lanes_until": _at(investigation.lanes_until),
    }


def alert_object(alert: Alert) -> BoardObject:
    """Return an alert without its raw labels' values being interpreted."""
    return {
        "id": alert.pk,
        "name": alert.name,
        "resource": alert.resource,
        "status": alert.status,
        "summary": alert.summary,
        "starts_at": _at(alert.starts_at),
        "ends_at": _at(alert.ends_at),
    }


def evidence_object(evidence: Evidence) -> BoardObject:
    """Return a piece of evidence with its citation, without its sample."""
    return {
        "number": evidence.number,
        "author": evidence.author,
        "kind": evidence.kind,
        "claim": evidence.claim,
        "resource": evidence.resource,
        "peer": evidence.peer,
        "feature": evidence.feature,
        "magnitude": evidence.magnitude,
        "unit": evidence.unit,
        "onset_at": _at(evidence.onset_at),
        "source": evidence.source,
        "query": evidence.query,
        "window": [_at(evidence.window_start), _at(evidence.window_end)],
        "result_digest": evidence.result_digest,
        "ingestion_path": evidence.ingestion_path,
        "is_tainted": evidence.is_tainted,
        "challenges": evidence.challenges.number if evidence.challenges else None,
        "posted_at": _at(evidence.posted_at),
    }


def hypothesis_object(hypothesis: Hypothesis) -> BoardObject:
    """Return a hypothesis with its standing."""
    return {
        "number": hypothesis.number,
        "claim": hypothesis.claim,
        "resource": hypothesis.resource,
        "fault_class": hypothesis.fault_class,
        "change_id": hypothesis.change_id,
        "author": hypothesis.author,
        "state": hypothesis.state,
        "verdict": hypothesis.verdict,
        "posterior": hypothesis.posterior,
        "supports_count": hypothesis.supports_count,
        "refutes_count": hypothesis.refutes_count,
        "note": hypothesis.note,
        "ruled_out_by": hypothesis.ruled_out_by,
    }


def stance_key(stance: Stance) -> str:
    """Return the key of a stance: evidence and hypothesis numbers."""
    return f"E{stance.evidence.number}:H{stance.hypothesis.number}"


def stance_object(stance: Stance) -> BoardObject:
    """Return what one piece of evidence says of one hypothesis."""
    return {
        "evidence": stance.evidence.number,
        "hypothesis": stance.hypothesis.number,
        "kind": stance.kind,
        "weight_decibans": stance.weight_decibans,
        "rule": stance.rule,
        "author": stance.author,
    }


def diagnosis_object(diagnosis: Diagnosis) -> BoardObject:
    """Return a diagnosis whole: it is what the page, the log and remediation read."""
    return {
        "number": diagnosis.number,
        "verdict": diagnosis.verdict,
        "hypothesis": diagnosis.hypothesis.number if diagnosis.hypothesis else None,
        "resource": diagnosis.resource,
        "fault_class": diagnosis.fault_class,
        "summary": diagnosis.summary,
        "happening": diagnosis.happening,
        "confidence": diagnosis.confidence,
        "sources_answered": diagnosis.sources_answered,
        "sources_asked": diagnosis.sources_asked,
        "cited": diagnosis.cited,
        "rules": diagnosis.rules,
        "gaps": diagnosis.gaps,
        "dissent": diagnosis.dissent,
        "agreement": diagnosis.agreement,
        "would_change": diagnosis.would_change,
        "next_steps": diagnosis.next_steps,
        "causal_chain": diagnosis.causal_chain,
        "contributing": diagnosis.contributing,
        "treatments": diagnosis.treatments,
        "comes_back": diagnosis.comes_back,
        "blamed": diagnosis.blamed,
        "reached_at": _at(diagnosis.reached_at),
    }


def steering_object(message: SteeringMessage) -> BoardObject:
    """Return a person's message with its delivery."""
    return {
        "number": message.number,
        "kind": message.kind,
        "agent": message.agent,
        "subject": message.subject,
        "text": message.text,
        "author": message.author,
        "state": message.state,
        "reply": message.reply,
        "posted_at": _at(message.posted_at),
    }


def entry_object(entry: BoardEntry) -> BoardObject:
    """Return another package's entry as it wrote it."""
    return {"kind": entry.kind, "key": entry.key, "data": entry.data}


def handoff_object(handoff: Handoff) -> BoardObject:
    """Return a handoff with its note and what became of it."""
    return {
        "number": handoff.number,
        "state": handoff.state,
        "author": handoff.author,
        "to": handoff.to_name,
        "standing": handoff.standing,
        "leading": handoff.leading,
        "tried": handoff.tried,
        "waiting": handoff.waiting,
        "risks": handoff.risks,
        "check_at": _at(handoff.check_at),
        "offered_at": _at(handoff.offered_at),
        "ended_at": _at(handoff.ended_at),
        "accepted_by": handoff.accepted_by,
    }


def update_object(update: StatusUpdate) -> BoardObject:
    """Return what was told to those who wait."""
    return {
        "number": update.number,
        "text": update.text,
        "impact": update.impact,
        "author": update.author,
        "posted_at": _at(update.posted_at),
        "next_due_at": _at(update.next_due_at),
    }


def share_object(link: ShareLink) -> BoardObject:
    """Return that a link exists and until when: never its token, nor who read by it."""
    return {
        "number": link.number,
        "author": link.author,
        "expires_at": _at(link.expires_at),
        "revoked_at": _at(link.revoked_at),
    }


def report_object(text: ReportText) -> BoardObject:
    """Return which version of a section counts, and the digest of its text."""
    return {
        "section": text.section,
        "version": text.version,
        "origin": text.origin,
        "author": text.author,
        "saved_at": _at(text.saved_at),
        "digest": hashlib.sha256(text.body.encode()).hexdigest(),
    }


def grade_key(grade: Grade) -> str:
    """Return the key of a grade: the diagnosis, and that it is by the outcome where it is."""
    by = "" if grade.source == GradeSource.PERSON else f"/{grade.source}"
    return f"D{grade.diagnosis.number}{by}"


def grade_object(grade: Grade) -> BoardObject:
    """Return what a person, or the outcome of an action, says of a diagnosis."""
    return {
        "diagnosis": grade.diagnosis.number,
        "source": grade.source,
        "value": grade.value,
        "author": grade.author,
        "note": grade.note,
        "graded_at": _at(grade.graded_at),
    }


def view_key(view: PersonView) -> str:
    """Return the key of a person's view: the cell and who holds it."""
    return f"E{view.evidence.number}:H{view.hypothesis.number}:{view.author}"


def view_object(view: PersonView) -> BoardObject:
    """Return what a person thinks that a piece of evidence says, and why."""
    return {
        "evidence": view.evidence.number,
        "hypothesis": view.hypothesis.number,
        "author": view.author,
        "kind": view.kind,
        "reason": view.reason,
        "withdrawn_at": _at(view.withdrawn_at),
    }
