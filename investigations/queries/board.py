"""The board at one moment, and the fold of its events."""

from dataclasses import dataclass
from typing import cast

from investigations.models import (
    BoardEvent,
    Evidence,
    Grade,
    Hypothesis,
    Investigation,
    PersonView,
    ReportText,
    Stance,
)
from investigations.queries import objects
from investigations.queries.objects import BoardObject

Collections = dict[str, dict[str, BoardObject]]
EVENT_PAGE = 500


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """Every object on the board by collection and key, as of ``sequence``."""

    sequence: int
    collections: Collections


def board_snapshot(investigation_id: int) -> BoardSnapshot:
    """Return the board. The sequence is read first, so events after it may already be in it.

    Applying those events again is harmless: they carry whole objects.
    """
    investigation = Investigation.objects.select_related("incident").get(pk=investigation_id)
    evidence = Evidence.objects.filter(investigation=investigation).select_related("challenges")
    stances = Stance.objects.filter(hypothesis__investigation=investigation).select_related(
        "evidence", "hypothesis"
    )
    hypotheses = Hypothesis.objects.filter(investigation=investigation)
    collections: Collections = {
        "investigation": {"investigation": objects.investigation_object(investigation)},
        "incident": {"incident": objects.incident_object(investigation.incident)},
        "alerts": {str(a.pk): objects.alert_object(a) for a in investigation.incident.alerts.all()},
        "evidence": {f"E{e.number}": objects.evidence_object(e) for e in evidence},
        "hypotheses": {f"H{h.number}": objects.hypothesis_object(h) for h in hypotheses},
        "stances": {objects.stance_key(s): objects.stance_object(s) for s in stances},
        "diagnoses": {
            f"D{d.number}": objects.diagnosis_object(d)
            for d in investigation.diagnoses.select_related("hypothesis")
        },
        "steering": {
            f"S{m.number}": objects.steering_object(m) for m in investigation.steering.all()
        },
        "entries": {
            f"{e.kind}/{e.key}": objects.entry_object(e) for e in investigation.entries.all()
        },
        **_around(investigation),
    }
    return BoardSnapshot(sequence=investigation.last_sequence, collections=collections)


def _around(investigation: Investigation) -> Collections:
    """Return what people do around the evidence: handoffs, updates, links, grades, the report."""
    found: Collections = {
        "handoffs": {
            f"N{n.number}": objects.handoff_object(n) for n in investigation.handoffs.all()
        },
        "updates": {f"U{u.number}": objects.update_object(u) for u in investigation.updates.all()},
        "shares": {
            f"L{x.number}": objects.share_object(x)
            for x in investigation.incident.share_links.all()
        },
        "grades": {
            objects.grade_key(g): objects.grade_object(g)
            for g in Grade.objects.filter(diagnosis__investigation=investigation).select_related(
                "diagnosis"
            )
        },
        "views": {objects.view_key(v): objects.view_object(v) for v in views_of(investigation)},
        "report": {t.section: objects.report_object(t) for t in newest_texts(investigation)},
    }
    return {name: rows for name, rows in found.items() if rows}


def views_of(investigation: Investigation) -> list[PersonView]:
    """Return what people think that evidence says, also what they took back. One query."""
    rows = PersonView.objects.filter(evidence__investigation=investigation)
    return list(rows.select_related("evidence", "hypothesis"))


def newest_texts(investigation: Investigation) -> list[ReportText]:
    """Return the version that counts of each section that has one. One query."""
    rows = investigation.report_texts.order_by("section", "-version").distinct("section")
    return list(rows)


def apply_event(collections: Collections, event: BoardEvent) -> None:
    """Fold one event into the collections, in place. Applying it twice changes nothing more."""
    upsert = cast("Collections", event.payload.get("upsert", {}))
    for collection, rows in upsert.items():
        collections.setdefault(collection, {}).update(rows)


def list_events(investigation_id: int, *, after: int, limit: int = EVENT_PAGE) -> list[BoardEvent]:
    """Return the events after a sequence, in order, at most ``limit``."""
    return list(
        BoardEvent.objects.filter(investigation_id=investigation_id, sequence__gt=after).order_by(
            "sequence"
        )[:limit]
    )


def latest_events(investigation_id: int, *, before: int | None, limit: int) -> list[BoardEvent]:
    """Return the newest events, or those before a sequence, the newest first, at most ``limit``."""
    found = BoardEvent.objects.filter(investigation_id=investigation_id)
    if before is not None:
        found = found.filter(sequence__lt=before)
    return list(found.order_by("-sequence")[:limit])


def newest_sequence(investigation_id: int) -> int:
    """Return the number of the newest event of a board. One query."""
    return Investigation.objects.values_list("last_sequence", flat=True).get(pk=investigation_id)
