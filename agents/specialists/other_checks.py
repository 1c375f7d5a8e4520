"""Looking for features in call statistics and in the database's own view."""

from collections.abc import Iterator
from math import isnan

from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.reader import Reader
from telemetry.phrasing import duration
from telemetry.redaction import redact
from telemetry.types import (
    DatabaseState,
    EdgeStats,
    ResourceRef,
    TelemetryKind,
)


def check_edges(reader: Reader) -> Iterator[Finding]:
    """Compare each edge's latency and errors with its baseline."""
    after, before = reader.edges("window"), reader.edges("baseline")
    known = {(e.caller, e.callee): e for e in before.data}
    for edge in after.data:
        was = known.get((edge.caller, edge.callee))
        if was is None:
            continue
        if any(isnan(e.latency_p99_seconds) or isnan(e.error_ratio) for e in (was, edge)):
            continue  # No call was measured: that none was slow or failed is not known.
        ratio = edge.latency_p99_seconds / max(was.latency_p99_seconds, 1e-6)
        added = edge.latency_p99_seconds - was.latency_p99_seconds
        is_slow = ratio >= 1.6 and added >= 0.02
        sample: dict[str, object] = {
            "rows": [_edge_row("baseline", was), _edge_row("window", edge)]
        }
        pair = f"{edge.caller.name} to {edge.callee.name}"
        yield _edge_finding(
            reader, "edge_latency_rise", edge, is_slow, sample, ratio, "x",
            f"Calls {pair} took {duration(edge.latency_p99_seconds)} (p99), {ratio:.1f}x the "
            f"baseline's {duration(was.latency_p99_seconds)}.",
            min(1.0, ratio / 5),
        )  # fmt: skip
        rise = edge.error_ratio - was.error_ratio
        yield _edge_finding(
            reader, "edge_error_rise", edge, rise >= 0.03, sample, edge.error_ratio, "ratio",
            f"Calls {pair} fail {edge.error_ratio:.1%}, in the baseline {was.error_ratio:.1%}.",
            min(1.0, 0.5 + rise),
        )  # fmt: skip


def _edge_row(when: str, edge: EdgeStats) -> dict[str, object]:
    return {
        "when": when,
        "requests_per_second": round(edge.request_rate, 3),
        "error_ratio": round(edge.error_ratio, 4),
        "p50_seconds": round(edge.latency_p50_seconds, 5),
        "p99_seconds": round(edge.latency_p99_seconds, 5),
    }


def _edge_finding(
    reader: Reader, feature: str, edge: EdgeStats, is_present: bool, sample: dict[str, object],
    magnitude: float, unit: str, claim: str, strength: float,
) -> Finding:  # fmt: skip
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=edge.caller,
        peer=edge.callee,
        presence=Presence.PRESENT if is_present else Presence.ABSENT,
        kind=TelemetryKind.TRACE,
        claim=claim,
        provenance=reader.edges("window").provenance,
        extra_provenance=(reader.edges("baseline").provenance,),
        magnitude=magnitude,
        unit=unit,
        strength=strength,
        sample=sample if is_present else {},
    )


def check_database(reader: Reader) -> Iterator[Finding]:
    """Look at the database's own sessions, statements and limits."""
    result = reader.databases()
    latest: dict[ResourceRef, DatabaseState] = {}
    for state in result.data:
        latest[state.resource] = state
    for resource, state in latest.items():
        yield _blocked(reader, resource, state)
        yield _slowest(reader, resource, state)
        used = state.connections_in_use / max(state.connections_max, 1)
        is_near = state.connections_max > 0 and used >= 0.9
        yield _database_finding(
            reader, "connections_near_max", resource, is_near, used, "ratio",
            f"{resource.name} has {state.connections_in_use} of {state.connections_max} "
            "connections in use.", {},
        )  # fmt: skip


def _blocked(reader: Reader, resource: ResourceRef, state: DatabaseState) -> Finding:
    blocked = [s for s in state.sessions if s.blocked_by]
    holders = {pid for s in blocked for pid in s.blocked_by}
    names = sorted({s.client for s in state.sessions if s.pid in holders and not s.blocked_by})
    rows = [
        {"pid": s.pid, "client": s.client, "state": s.state, "age_seconds": round(s.age_seconds, 1),
         "query": redact(s.query, limit=160), "blocked_by": list(s.blocked_by)}
        for s in sorted(state.sessions, key=lambda s: (not s.blocked_by, -s.age_seconds))[:12]
    ]  # fmt: skip
    claim = (
        f"{len(blocked)} sessions of {resource.name} wait for locks held by "
        f"{', '.join(names) or 'unknown sessions'}."
        if blocked
        else f"No session of {resource.name} waits for another's lock ({len(state.sessions)} open)."
    )
    finding = _database_finding(
        reader, "blocked_sessions", resource, bool(blocked), float(len(blocked)), "count", claim,
        {"rows": rows, "holders": names},
    )  # fmt: skip
    return finding


def _slowest(reader: Reader, resource: ResourceRef, state: DatabaseState) -> Finding:
    slow = max(state.slow_statements, key=lambda s: s.mean_seconds, default=None)
    is_slow = slow is not None and slow.mean_seconds >= 0.25
    claim = (
        f"A statement of {resource.name} takes {duration(slow.mean_seconds)} on average: "
        f"{redact(slow.query, limit=120)}."
        if slow is not None and is_slow
        else f"No statement of {resource.name} takes more than 250 ms on average."
    )
    mean = slow.mean_seconds if slow else 0.0
    return _database_finding(
        reader, "slow_statement", resource, is_slow, mean, "seconds", claim, {}
    )


def _database_finding(
    reader: Reader, feature: str, resource: ResourceRef, is_present: bool, magnitude: float,
    unit: str, claim: str, sample: dict[str, object],
) -> Finding:  # fmt: skip
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=resource,
        presence=Presence.PRESENT if is_present else Presence.ABSENT,
        kind=TelemetryKind.DATABASE,
        claim=claim,
        provenance=reader.databases().provenance,
        magnitude=magnitude,
        unit=unit,
        sample=sample if is_present else {},
        is_tainted=is_present,
    )
