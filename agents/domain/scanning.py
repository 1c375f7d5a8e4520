"""Running the background scans: read-only, each by one worker at a time, when it is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from agents.domain.scan_history import EXECUTED, scan_recurrence
from agents.domain.scan_hours import scan_hours
from agents.domain.scan_looks import Blind, Look, look_at
from agents.domain.scan_systems import scan_cost, scan_drift, scan_triggers
from agents.scans.alert_hygiene import Firing, Smell, judge
from agents.scans.memory_growth import Growth, find_growth
from investigations.domain.clock import database_now
from investigations.domain.periodic import Claim, Outcome, run_when_due
from investigations.domain.scan_findings import FindingDraft, record_scan
from investigations.enums import EntryKind, IncidentOrigin
from investigations.models import Alert, BoardEntry, BoardEvent, ScanName
from investigations.queries.scan_findings import job_name
from telemetry.phrasing import counted
from telemetry.types import Semantic

EVERY_SECONDS = 3600.0
LEASE_SECONDS = 300.0
ALERT_LOOK_BACK = timedelta(days=14)
MAX_ALERTS = 20_000
MEMORY_LOOK_BACK = timedelta(hours=6)
MEMORY_STEP_SECONDS = 120.0
MEANINGS = (Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES, Semantic.REQUEST_RATE)
MIB = 1024 * 1024
TITLES = {
    "flapping": "{names} on {resource} flaps: {count} short firings in 24 h",
    "never_actioned": "{names} on {resource} fired {count} times and nobody ever acted on it",
    "duplicates": "{names} on {resource} fire together: one of them is enough",
}
ADVICE = {
    "flapping": "Let it wait longer before it fires, or widen the gap between firing and resolving.",
    "never_actioned": "Make it a ticket, give it a runbook, or delete it.",
    "duplicates": "Keep the one that users feel, and route the other to a dashboard.",
}


def run_scans(*, is_forced: bool = False) -> dict[ScanName, Outcome | None]:
    """Run each scan that is due. None in the answer: not due, or another worker runs it."""
    works: dict[ScanName, Callable[[Claim], Outcome]] = {
        ScanName.ALERT_HYGIENE: scan_alerts, ScanName.MEMORY_GROWTH: scan_memory,
        ScanName.RECURRENCE: scan_recurrence, ScanName.CONFIG_DRIFT: scan_drift,
        ScanName.COST: scan_cost, ScanName.UNUSUAL_HOUR: scan_hours,
        ScanName.TRIGGERS: scan_triggers,
    }  # fmt: skip
    return {
        scan: run_when_due(
            job_name(scan), every_seconds=EVERY_SECONDS, lease_seconds=LEASE_SECONDS,
            work=partial(_look, work), is_forced=is_forced,
        )
        for scan, work in works.items()
    }  # fmt: skip


def _look(work: Callable[[Claim], Outcome], claim: Claim) -> Outcome:
    """Run one scan; one that cannot look lets nothing go, and says why."""
    try:
        return work(claim)
    except Blind as blind:
        return Outcome(error=str(blind))


def scan_alerts(claim: Claim) -> Outcome:
    """Look for alerts that cost attention, in what was received. Practice does not count."""
    now = database_now()
    rows = list(
        Alert.objects.filter(starts_at__gt=now - ALERT_LOOK_BACK)
        .exclude(incident__origin=IncidentOrigin.PRACTICE)
        .order_by("-starts_at")
        .values_list("name", "resource", "starts_at", "ends_at", "incident_id")[:MAX_ALERTS]
    )
    acted = _acted_on({row[4] for row in rows})
    smells = judge(Firing(n, r, s, e, i, i in acted) for n, r, s, e, i in rows)
    count = record_scan(
        ScanName.ALERT_HYGIENE, [_smell_draft(s, now - ALERT_LOOK_BACK, now) for s in smells]
    )
    return Outcome(
        f"{counted(len(rows), 'firing')} of 14 days looked at, {counted(count, 'finding')}."
    )


def _acted_on(incident_ids: set[int]) -> set[int]:
    """Return the incidents in which a person did anything, or an action was executed."""
    events = BoardEvent.objects.filter(investigation__incident__in=incident_ids)
    by_people = events.filter(author__startswith="person/")
    executed = BoardEntry.objects.filter(
        investigation__incident__in=incident_ids, kind=EntryKind.ACTION, data__state__in=EXECUTED
    )
    return {
        incident_id
        for rows in (by_people, executed)
        for incident_id in rows.values_list("investigation__incident_id", flat=True).distinct()
    }


def _smell_draft(smell: Smell, start: datetime, end: datetime) -> FindingDraft:
    names = " and ".join(smell.names)
    short = smell.resource.rpartition("/")[2]
    return FindingDraft(
        key=f"{smell.kind}/{smell.resource}/{'+'.join(smell.names)}",
        title=TITLES[smell.kind].format(names=names, resource=short, count=smell.count),
        advice=ADVICE[smell.kind], window_start=start, window_end=end, facts=smell.facts,
        source="received alerts", query=f"alerts {names} of {smell.resource}, last 14 days",
    )  # fmt: skip


def scan_memory(claim: Claim) -> Outcome:
    """Look for memory that grows slowly, in the default sources."""
    look = look_at(
        MEANINGS, now=database_now(), back=MEMORY_LOOK_BACK, step_seconds=MEMORY_STEP_SECONDS
    )
    memories = sum(s.ref.semantic is MEANINGS[0] for s in look.series)
    if not memories:
        raise Blind("There is no series of memory to look at.")
    drafts = [_growth_draft(g, look) for g in find_growth(look.series)]
    count = record_scan(ScanName.MEMORY_GROWTH, drafts, is_whole=look.is_whole)
    return Outcome(f"{memories} series of 6 h looked at, {counted(count, 'finding')}.")


def _growth_draft(growth: Growth, look: Look) -> FindingDraft:
    hourly = growth.ramp.per_second * 3600 / MIB
    left = growth.seconds_to_limit
    ends = "" if left is None else f"; at its limit in {left / 3600:.1f} h"
    facts = [("Now", f"{growth.level / MIB:.0f} MiB"), ("Grows by", f"{hourly:.1f} MiB/h"),
             ("From", f"{growth.ramp.start_level / MIB:.0f} MiB")]  # fmt: skip
    if growth.limit is not None:
        facts.append(("Limit", f"{growth.limit / MIB:.0f} MiB"))
    return look.draft(
        key=str(growth.resource), resource=str(growth.resource), facts=tuple(facts),
        title=f"Memory of {growth.resource.name} grows by {hourly:.1f} MiB/h while its load does "
        f"not{ends}",
        advice="Look for what it keeps: the last release, caches without bounds. A restart buys time.",
        of=growth.series,
    )  # fmt: skip
