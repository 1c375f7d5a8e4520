"""Findings to evidence and back: the board keeps all that scoring needs."""

from datetime import datetime

from agents.domain.lanes import write_lane
from agents.enums import AgentName, Presence
from agents.findings import Finding
from investigations.domain.board import EvidenceDraft, write_entry, write_evidence
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.enums import EntryKind, EvidenceKind
from investigations.models import Evidence, Investigation
from telemetry.redaction import redact, redact_object
from telemetry.results import Provenance, digest_of, finite
from telemetry.types import ResourceRef, TelemetryKind, TimeWindow

MAX_RESOURCE = 200
KIND_SUFFIX = "_before_onset"


def draft_of(finding: Finding, *, challenges_id: int | None = None) -> EvidenceDraft:
    """Return a finding as a draft of evidence: redacted, digested, with what scoring needs."""
    source = finding.provenance
    is_gap = finding.presence is Presence.UNKNOWN
    sample = finite(redact_object(finding.sample))
    data: dict[str, object] = dict(sample) if isinstance(sample, dict) else {}
    data["finding"] = {
        "presence": finding.presence.value,
        "strength": round(finding.strength, 4),
        "change_id": finding.change_id,
        "has_ended": finding.has_ended,
        "ended_at": finding.ended_at.isoformat() if finding.ended_at else "",
        "kind": finding.kind.value,
        "further_queries": [p.query for p in finding.extra_provenance],
    }
    return EvidenceDraft(
        kind=EvidenceKind.GAP if is_gap else EvidenceKind(finding.kind.value),
        claim=redact(finding.claim, limit=500),
        window_start=source.window.start,
        window_end=source.window.end,
        resource=str(finding.resource)[:MAX_RESOURCE],
        peer=str(finding.peer)[:MAX_RESOURCE] if finding.peer else "",
        feature=finding.feature,
        magnitude=finite(finding.magnitude),
        unit=finding.unit,
        onset_at=finding.onset_at,
        source=source.source,
        query=redact(source.query),
        result_digest=digest_of(data),
        sample=data,
        source_link=source.link,
        duration_seconds=source.duration_seconds,
        truncated_count=source.truncated_count,
        ingestion_path=f"{source.source}:{source.kind.value}"[:128],
        is_tainted=finding.is_tainted,
        challenges_id=challenges_id,
    )


def finding_of(evidence: Evidence) -> Finding | None:
    """Return a piece of agents' evidence as the finding that it was; None for people's notes."""
    kept = evidence.sample.get("finding")
    if not isinstance(kept, dict) or not evidence.author.startswith("agent/"):
        return None
    kind = TelemetryKind(kept["kind"])
    provenance = Provenance(
        source=evidence.source,
        kind=kind,
        query=evidence.query,
        window=TimeWindow(evidence.window_start, evidence.window_end),
        fetched_at=evidence.posted_at,
    )
    return Finding(
        agent=AgentName(evidence.author.removeprefix("agent/")),
        feature=evidence.feature,
        resource=ResourceRef.parse(evidence.resource),
        peer=ResourceRef.parse(evidence.peer) if evidence.peer else None,
        presence=Presence(kept["presence"]),
        kind=kind,
        claim=evidence.claim,
        provenance=provenance,
        magnitude=evidence.magnitude,
        unit=evidence.unit,
        strength=float(kept["strength"]),
        onset_at=evidence.onset_at,
        sample=evidence.sample,
        change_id=str(kept["change_id"]),
        is_tainted=evidence.is_tainted,
        has_ended=bool(kept["has_ended"]),
        # Evidence of earlier versions does not tell.
        ended_at=datetime.fromisoformat(kept["ended_at"]) if kept.get("ended_at") else None,
    )


def post_finding(
    investigation: Investigation, finding: Finding, *, fence: Fence, prefix: str,
    challenges_id: int | None = None, is_shown: bool = False,
) -> Evidence:  # fmt: skip
    """Post a finding once, whatever the attempt, in one transaction with what it adds elsewhere.

    A change also gets its mark on the timeline, and a series its lane if ``is_shown``.
    """
    draft = draft_of(finding, challenges_id=challenges_id)
    with writing(investigation.pk, fence=fence) as board:
        evidence = write_evidence(
            board, draft, step_key=f"{prefix}{finding.key}"[:300], author=finding.agent.author
        )
        if finding.change_id and finding.presence is Presence.PRESENT and finding.onset_at:
            _mark_change(board, finding, evidence)
        if is_shown:
            write_lane(board, finding, evidence.number)
    return evidence


def _mark_change(board: BoardWriter, finding: Finding, evidence: Evidence) -> None:
    """Mark a change on the timeline. What a diff says adds to the mark: its kind stays."""
    key = finding.change_id[:200]
    known = board.investigation.entries.filter(kind=EntryKind.CHANGE, key=key).first()
    before = known.data if known is not None else {}
    is_kind = finding.feature.endswith(KIND_SUFFIX)
    kind = finding.feature.removesuffix(KIND_SUFFIX) if is_kind else before.get("kind", "change")
    at = finding.onset_at.isoformat() if finding.onset_at else ""
    write_entry(
        board, kind=EntryKind.CHANGE, key=key,
        data={"id": finding.change_id, "at": at, "kind": kind,
              "resource": finding.resource.name, "summary": finding.claim,
              "title": str(finding.sample.get("summary") or before.get("title", ""))[:120],
              "evidence": evidence.number},
        author=finding.agent.author, sentence=f"Change marked: {finding.claim}",
    )  # fmt: skip


def set_status(
    investigation_id: int, agent: AgentName, *, state: str, step: str, since: str,
    fence: Fence | None = None,
) -> None:  # fmt: skip
    """Show in the dock what an agent does."""
    with writing(investigation_id, fence=fence) as board:
        write_entry(
            board, kind=EntryKind.AGENT, key=agent.value,
            data={"agent": agent.value, "state": state, "step": step, "since": since},
            author=agent.author, sentence=f"{agent.value.capitalize()}: {step}",
        )  # fmt: skip
