"""What comes back: the same action on the same days, the same cause in incident after incident. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DAYS_WANTED = 3
INCIDENTS_WANTED = 3
ADVICE = {
    "memory_leak": "Find what is kept: compare heaps of an old and a fresh pod.",
    "oom_kill": "Size its memory by what it needs at its peak, and alert before the limit.",
    "cpu_throttling": "Raise its CPU limit, or drop the limit and keep the request.",
    "cpu_saturation": "Give it more CPU or more replicas, by what its peak needs.",
    "cpu_overload": "Give it more CPU or more replicas, by what its peak needs.",
    "traffic_surge": "Let it scale by its load, and shed what it cannot serve.",
    "pool_exhaustion": "Size the pool by calls at once, and look for queries that hold connections.",
    "retry_storm": "Give its clients a retry budget with growing pauses, and a circuit breaker.",
    "cache_stampede": "Let one caller fill a missing entry, and spread the times at which entries end.",
    "lock_contention": "Make its transactions shorter, and take locks in one order.",
    "slow_query": "Look at the plan of its slowest statement: an index may be missing.",
    "disk_exhaustion": "Rotate what it writes by size, and alert on the day when it will be full.",
    "certificate_expiry": "Let certificates renew by themselves, and alert two weeks before.",
    "bad_release": "Roll it out to a part first, and let it stop by itself when errors rise.",
    "config_change": "Roll settings out as releases are: reviewed, in steps, with a way back.",
    "crash_loop": "Let a release wait until its pods are ready, and keep the older ones until then.",
    "external_dependency": "Let it do without: a timeout, a fallback, a queue.",
}  # fmt: skip
GENERAL = "Mend its cause for good: what mends it each time is known by now."


@dataclass(frozen=True, slots=True)
class Deed:
    """One action that was executed."""

    kind: str
    target: str
    at: datetime
    incident_id: int


@dataclass(frozen=True, slots=True)
class KnownCause:
    """What one incident turned out to be."""

    fault_class: str
    resource: str
    at: datetime
    incident_id: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Something that came back. ``kind``: ``action`` or ``cause``; ``what``: its slug."""

    kind: str
    what: str
    resource: str
    count: int
    days: int
    incident_ids: tuple[int, ...]
    first_at: datetime
    last_at: datetime


def recurring_actions(deeds: Iterable[Deed]) -> list[Recurrence]:
    """Return actions of one kind that ran on one target on at least three days."""
    groups: dict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        groups[deed.kind, deed.target].append(deed)
    found = [
        _recurrence("action", kind, target, [(d.at, d.incident_id) for d in rows])
        for (kind, target), rows in sorted(groups.items())
    ]
    return [r for r in found if r.days >= DAYS_WANTED]


def recurring_causes(causes: Iterable[KnownCause]) -> list[Recurrence]:
    """Return causes that at least three incidents had in the same place."""
    groups: dict[tuple[str, str], list[KnownCause]] = defaultdict(list)
    for cause in causes:
        groups[cause.fault_class, cause.resource].append(cause)
    found = [
        _recurrence("cause", what, resource, [(c.at, c.incident_id) for c in rows])
        for (what, resource), rows in sorted(groups.items())
    ]
    return [r for r in found if len(r.incident_ids) >= INCIDENTS_WANTED]


def _recurrence(
    kind: str, what: str, resource: str, rows: list[tuple[datetime, int]]
) -> Recurrence:
    times = sorted(at for at, _ in rows)
    return Recurrence(
        kind, what, resource, len(rows), len({at.date() for at in times}),
        tuple(sorted({number for _, number in rows})), times[0], times[-1],
    )  # fmt: skip


def advice_for(fault_class: str) -> str:
    """Return what would keep a cause from coming back. A recommendation, never an action."""
    return ADVICE.get(fault_class, GENERAL)
