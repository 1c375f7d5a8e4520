"""Alerts that cost attention: flapping, never acted upon, always two at once. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

DAY = timedelta(hours=24)
FLAPS = 5
SHORT = timedelta(minutes=15)
IGNORED = 5
IGNORED_INCIDENTS = 3
TOGETHER = timedelta(seconds=60)
TOGETHER_TIMES = 4
TOGETHER_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of an alert. ``was_acted_on``: a person or an action did something in its incident."""

    name: str
    resource: str
    started_at: datetime
    ended_at: datetime | None
    incident_id: int
    was_acted_on: bool


@dataclass(frozen=True, slots=True)
class Smell:
    """Something about one or two alerts. ``kind``: flapping, never_actioned or duplicates."""

    kind: str
    names: tuple[str, ...]
    resource: str
    count: int
    facts: tuple[tuple[str, str], ...]


def judge(firings: Iterable[Firing]) -> list[Smell]:
    """Return what is wrong with the alerts, each alert at most once per kind."""
    groups: dict[tuple[str, str], list[Firing]] = defaultdict(list)
    for firing in sorted(firings, key=lambda f: f.started_at):
        groups[firing.resource, firing.name].append(firing)
    found = [s for key, rows in groups.items() for s in (_flapping(key, rows), _ignored(key, rows))]
    return [smell for smell in found if smell is not None] + _duplicates(groups)


def _flapping(key: tuple[str, str], rows: Sequence[Firing]) -> Smell | None:
    """At least five short firings within some 24 hours."""
    short = [r for r in rows if r.ended_at is not None and r.ended_at - r.started_at <= SHORT]
    most, first = 0, 0
    for last, row in enumerate(short):
        while row.started_at - short[first].started_at > DAY:
            first += 1
        most = max(most, last - first + 1)
    if most < FLAPS:
        return None
    minutes = median((r.ended_at - r.started_at).total_seconds() / 60 for r in short if r.ended_at)
    return Smell("flapping", (key[1],), key[0], most, (
        ("Most in 24 h", str(most)), ("Median length", f"{minutes:.1f} min"),
        ("Firings in all", str(len(rows))), ("Last", f"{rows[-1].started_at:%Y-%m-%d %H:%MZ}"),
    ))  # fmt: skip


def _ignored(key: tuple[str, str], rows: Sequence[Firing]) -> Smell | None:
    """At least five firings in three incidents, and nobody ever did anything."""
    incidents = {r.incident_id for r in rows}
    if len(rows) < IGNORED or len(incidents) < IGNORED_INCIDENTS:
        return None
    if any(r.was_acted_on for r in rows):
        return None
    return Smell("never_actioned", (key[1],), key[0], len(rows), (
        ("Firings", str(len(rows))), ("Incidents", str(len(incidents))),
        ("First", f"{rows[0].started_at:%Y-%m-%d %H:%MZ}"),
        ("Last", f"{rows[-1].started_at:%Y-%m-%d %H:%MZ}"),
    ))  # fmt: skip


def _duplicates(groups: dict[tuple[str, str], list[Firing]]) -> list[Smell]:
    """Two alerts of one resource that nearly always begin within a minute of each other."""
    by_resource: dict[str, list[tuple[str, list[Firing]]]] = defaultdict(list)
    for (resource, name), rows in sorted(groups.items()):
        if len(rows) >= TOGETHER_TIMES:
            by_resource[resource].append((name, rows))
    found = []
    for resource, alerts in by_resource.items():
        for i, (one, first) in enumerate(alerts):
            for other, second in alerts[i + 1 :]:
                share = min(_share(first, second), _share(second, first))
                if share >= TOGETHER_SHARE:
                    found.append(Smell(
                        "duplicates", (one, other), resource, min(len(first), len(second)),
                        (("Began together", f"{share:.0%}"), (one, f"{len(first)} firings"),
                         (other, f"{len(second)} firings")),
                    ))  # fmt: skip
    return found


def _share(rows: Sequence[Firing], others: Sequence[Firing]) -> float:
    at, near = 0, 0
    for row in rows:
        while at < len(others) and others[at].started_at < row.started_at - TOGETHER:
            at += 1
        near += at < len(others) and others[at].started_at <= row.started_at + TOGETHER
    return near / len(rows)
