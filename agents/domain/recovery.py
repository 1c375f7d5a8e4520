"""After a fix: the lanes of the timeline go on, so that people see the recovery itself."""

from datetime import datetime, timedelta

from agents.domain.casework import Casework, open_case
from agents.domain.lanes import extended
from agents.enums import AgentName
from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import EntryKind
from investigations.models import Investigation
from telemetry.types import Series, SeriesRef, TimeWindow

# Longer after the last look the lanes would be mostly blank: nobody watched what lies between.
LONGEST_GAP = timedelta(minutes=30)
MAX_POINTS = 60
AUTHOR = AgentName.RECONCILER.author


def show_recovery(investigation_id: int) -> int:
    """Read the timeline's series up to now, once an incident is mitigated and once it is resolved.

    Returns how many lanes went on. Idempotent: what was looked at since the fix is left alone. A
    round that still runs looks for itself; a source that does not answer leaves all as it is.
    """
    investigation = Investigation.objects.select_related("incident").get(pk=investigation_id)
    incident = investigation.incident
    mended = incident.resolved_at or incident.mitigated_at
    looked = investigation.window_end
    if mended is None or not investigation.is_over:
        return 0
    if not looked < mended <= looked + LONGEST_GAP:
        return 0
    now = database_now()
    found = _read(open_case(investigation), investigation, TimeWindow(looked, now))
    return _write(investigation_id, found, looked, now) if found else 0


def _read(work: Casework, investigation: Investigation, window: TimeWindow) -> list[Series]:
    lanes = investigation.entries.filter(kind=EntryKind.LANE).values_list("data", flat=True)
    wanted = {(d["series"], d["resource"], d["peer"]) for d in lanes}
    names = {name for _, name, _ in wanted}
    resources = [r for r in work.case.graph.resources if r.name in names]
    if not resources:
        return []
    metrics = work.case.sources.metrics
    refs = [
        ref for ref in metrics.catalogue(resources, window).data
        if _place(ref) in wanted
    ]  # fmt: skip
    step = max(work.case.step_seconds, window.duration.total_seconds() / MAX_POINTS)
    return list(metrics.read(refs, window, step_seconds=step).data) if refs else []


def _place(ref: SeriesRef) -> tuple[str, str, str]:
    """Return what a lane tells of its series: the name and both ends."""
    return ref.name, ref.resource.name, ref.peer.name if ref.peer else ""


def _write(investigation_id: int, found: list[Series], looked: datetime, now: datetime) -> int:
    by_place = {_place(series.ref): series for series in found}
    written = 0
    with writing(investigation_id) as board:
        row = board.investigation
        if row.window_end != looked or not row.is_over:
            return 0
        for entry in row.entries.filter(kind=EntryKind.LANE):
            data = entry.data
            series = by_place.get((data["series"], data["resource"], data["peer"]))
            longer = extended(data, series) if series else None
            if longer is None:
                continue
            write_entry(
                board, kind=EntryKind.LANE, key=entry.key, data=longer, author=AUTHOR,
                sentence=f"Lane: {data['series']} of {data['resource']} since the fix",
            )  # fmt: skip
            written += 1
        if written:
            row.window_end = now
            row.save(update_fields=["window_end"])
    return written
