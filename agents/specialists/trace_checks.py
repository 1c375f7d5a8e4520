"""Looking for features in whole traces: where time is lost, and who leaves the usual course."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.detectors.courses import Departure, find_departures
from agents.detectors.delays import Delay, find_delays, usual_request_seconds
from agents.detectors.segments import Segment
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.log_checks import tells_of_others
from agents.specialists.reader import Reader, unknown
from telemetry.phrasing import clock, duration
from telemetry.redaction import redact
from telemetry.results import Provenance, ResultStatus
from telemetry.types import ResourceRef, TelemetryKind, utc

WAY, OWN, COURSE = "call_delay", "own_time_rise", "course_departure"
# What adds half as long as a whole request usually takes is as clear as can be.
CLEAR_SHARE = 0.5
EVIDENCE_SCALE = 3.0
DEPARTURE_SCALE = 5.0
# Below this a difference is told as "as usual": there always is some.
LEAST_STRENGTH = 0.1
NOTICED_LATE_SECONDS = 120.0
CLEAR_STRENGTH = 0.3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Traces since the symptom against those of the baseline."""

    own: tuple[Delay, ...]
    ways: tuple[Delay, ...]
    departures: tuple[Departure, ...]
    compared: tuple[ResourceRef, ...]
    request_seconds: float


def check_ways(reader: Reader) -> Iterator[Finding]:
    """Report to which services the way has become longer."""
    result = reader.segments("window")[1]
    if result.status is ResultStatus.ERROR:
        yield unknown(reader, WAY, reader.case.symptoms[0].resource, TelemetryKind.TRACE, result)
        return
    compared = _compare(reader)
    for delay in compared.ways:
        strength = _strength(delay, compared.request_seconds)
        is_present = strength >= LEAST_STRENGTH
        caller = delay.callers[0]
        claim = (
            f"Calls {caller.name} to {delay.resource.name} take {duration(delay.now_seconds)} on "
            f"the way, usually {duration(delay.usual_seconds)}: {delay.slow} of {delay.count} are "
            "slow outside both services."
            if is_present
            else f"The way {caller.name} to {delay.resource.name} takes as long as usual."
        )
        yield _finding(reader, WAY, caller, delay.resource, claim, strength, is_present,
                       delay.added_seconds, delay.first_at)  # fmt: skip


def check_own_time(reader: Reader) -> Iterator[Finding]:
    """Report which services take longer by themselves, whatever they call."""
    if not reader.segments("window")[1].data:
        return
    compared = _compare(reader)
    for delay in compared.own:
        strength = _strength(delay, compared.request_seconds)
        is_present = strength >= LEAST_STRENGTH
        name = delay.resource.name
        claim = (
            f"{name} itself adds {duration(delay.added_seconds)} to a request on average, most of it "
            f"in {delay.operation}: the slow ones ({delay.slow} of {delay.count}) take "
            f"{duration(delay.now_seconds)} at the median, usually {duration(delay.usual_seconds)}."
            if is_present
            else f"{name} itself takes as long as usual ({delay.count} requests)."
        )
        yield _finding(reader, OWN, delay.resource, None, claim, strength, is_present,
                       delay.added_seconds, delay.first_at)  # fmt: skip


def check_courses(reader: Reader) -> Iterator[Finding]:
    """Report in which services requests take another course than in fault-free traces."""
    if not reader.segments("window")[1].data:
        return
    compared = _compare(reader)
    departed = set()
    for found in compared.departures:
        strength = _departure_strength(found)
        if strength < LEAST_STRENGTH:
            continue
        departed.add(found.resource)
        what = "is missing from" if found.is_missing else "is new in"
        claim = (
            f"{redact(str(found.mark), limit=140)} {what} {found.operation} of "
            f"{found.resource.name}: in {found.now:.0%} of {found.count} requests since "
            f"{clock(found.first_at)}, usually {found.usual:.0%}."
        )
        kind = TelemetryKind.LOG if found.mark.sort in {"line", "pair"} else TelemetryKind.TRACE
        lines = [redact(found.example, limit=300)] if found.example else []
        yield _finding(
            reader, COURSE, found.resource, None, claim, strength, True, found.now - found.usual,
            found.first_at, kind=kind, sample={"lines": lines},
        )  # fmt: skip
    for resource in compared.compared:
        if resource not in departed:
            claim = f"Requests take their usual course through {resource.name}."
            yield _finding(reader, COURSE, resource, None, claim, 1.0, False, None, None)


def still_going(reader: Reader) -> str:
    """Return which service traces show in clear trouble to the end of the window, or ``""``.

    Series of an entry can look normal while requests behind it still fail or wait.
    """
    if not reader.segments("window")[0]:
        return ""
    found = _compare(reader)
    rows = [(_strength(d, found.request_seconds), d.resource) for d in (*found.own, *found.ways)
            if d.goes_on]  # fmt: skip
    rows += [(_departure_strength(d), d.resource) for d in found.departures if d.goes_on]
    strength, resource = max(rows, default=(0.0, None))
    return resource.name if resource is not None and strength >= CLEAR_STRENGTH else ""


def _departure_strength(found: Departure) -> float:
    return 1 - math.exp(-found.score / DEPARTURE_SCALE)


def _compare(reader: Reader) -> Comparison:
    return reader.case.once("trace comparison", lambda: _compare_parts(reader))


def _compare_parts(reader: Reader) -> Comparison:
    usual, now = reader.segments("baseline")[0], reader.segments("window")[0]
    own, ways = find_delays(usual, now)
    return Comparison(
        tuple(own), tuple(ways), _departures(reader, usual, now), _in_both(usual, now),
        usual_request_seconds(usual),
    )  # fmt: skip


def _departures(
    reader: Reader, usual: Sequence[Segment], now: Sequence[Segment]
) -> tuple[Departure, ...]:
    """Return each resource's clearest departure, also from what was usual a little earlier.

    Trouble that is noticed late lies in the end of the baseline already, and seems usual there.
    """
    found = find_departures(usual, now, is_foreign=tells_of_others)
    until = reader.case.baseline.end.timestamp() - NOTICED_LATE_SECONDS
    earlier = [s for s in usual if s.end <= until]
    if 0 < len(earlier) < len(usual):
        found += find_departures(earlier, now, is_foreign=tells_of_others)
    best: dict[ResourceRef, Departure] = {}
    for each in found:
        known = best.get(each.resource)
        if known is None or each.score > known.score:
            best[each.resource] = each
    return tuple(sorted(best.values(), key=lambda d: -d.score))


def _in_both(usual: Sequence[Segment], now: Sequence[Segment]) -> tuple[ResourceRef, ...]:
    return tuple(sorted({s.resource for s in usual} & {s.resource for s in now}))


def _strength(delay: Delay, request_seconds: float) -> float:
    """How much of a request it adds, how surely it is no chance, and how many it hits."""
    if not delay.is_clear or request_seconds <= 0:
        return 0.0
    size = min(1.0, delay.added_seconds / (CLEAR_SHARE * request_seconds))
    reach = min(1.0, 1.6 * math.sqrt(delay.slow / delay.count))
    return size * reach * (1 - math.exp(-delay.evidence / EVIDENCE_SCALE))


def _finding(
    reader: Reader, feature: str, resource: ResourceRef, peer: ResourceRef | None, claim: str,
    strength: float, is_present: bool, magnitude: float | None, onset: float | None, *,
    kind: TelemetryKind = TelemetryKind.TRACE, sample: dict[str, object] | None = None,
) -> Finding:  # fmt: skip
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=resource,
        peer=peer,
        presence=Presence.PRESENT if is_present else Presence.ABSENT,
        kind=kind,
        claim=claim,
        provenance=_provenance(reader, "window"),
        extra_provenance=(_provenance(reader, "baseline"),),
        magnitude=magnitude if is_present else None,
        unit="ratio" if feature == COURSE else "seconds",
        strength=strength if is_present else 1.0,
        onset_at=utc(onset) if onset is not None and is_present else None,
        sample=(sample or {}) if is_present else {},
        is_tainted=is_present and feature == COURSE,
    )


def _provenance(reader: Reader, part: str) -> Provenance:
    return reader.segments(part)[1].provenance
