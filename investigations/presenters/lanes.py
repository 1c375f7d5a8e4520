"""Lanes: which series tell most, and each as geometry in a box of 1000 x 32."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from investigations.presenters.axis import Axis, clock
from investigations.presenters.series import (
    Points,
    climbs_since,
    course,
    label_of,
    scale_of,
    standing,
    usual_range,
)
from telemetry.phrasing import quantity

HEIGHT = 32
SHOWN = 4
ERRORS = "error rate"
TABLE_ROWS = 12
Entry = dict[str, object]


@dataclass(frozen=True, slots=True)
class Lane:
    """One series. ``course``: worse, easing, steady, back or "". ``is_calm``: in its usual range.

    ``as_of`` is the time of its newest sample: up to when it is true. ``climbs_since``: it fell
    suddenly, and climbs again since then.
    """

    label: str
    resource: str
    points: str
    band_y: float
    band_height: float
    value_text: str
    note: str
    usual_text: str
    course: str
    is_calm: bool
    evidence: int
    as_of: datetime
    sentence: str
    rows: tuple[tuple[str, str], ...]
    climbs_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the lanes should tell of: the symptom's place, and what the leading cause rests on."""

    symptom: str
    semantic: str = ""
    cause: str = ""
    cited: tuple[int, ...] = ()
    since: float = 0.0


def choose(entries: Iterable[Entry], wanted: Wanted, *, limit: int = SHOWN) -> list[Entry]:
    """Return distinct series: the symptom, the cause's own, more of what is cited, one in range."""
    known = _distinct(entries)
    label = label_of("", wanted.semantic) if wanted.semantic else ERRORS
    own = [e for e in known if _place(e)[1] == wanted.symptom]
    symptom = [e for e in own if _label(e) == label] or [e for e in own if not _is_calm(e)] or own
    cited = [e for n in wanted.cited for e in known if e.get("evidence") == n and not _is_calm(e)]
    cause = [e for e in cited if wanted.cause in (_place(e)[1], e.get("peer"))]
    alarming = [e for e in known if not _is_calm(e)]
    # First what names another measure than the lanes before it, so that four lanes tell four things.
    order = [*symptom[:1], *_failing(alarming, wanted)[:1], *cause, *cited, *alarming]
    chosen: list[Entry] = []
    for entry in order:
        if len(chosen) < limit - 1 and _label(entry) not in {_label(c) for c in chosen}:
            chosen.append(entry)
    calm = [e for e in known if _is_calm(e) and _stays(e, wanted.since)]
    fresh = [e for e in calm if _label(e) not in {_label(c) for c in chosen}]
    chosen += (fresh or calm)[:1]
    for entry in (*order, *calm):
        if len(chosen) < limit and all(entry is not c for c in chosen):
            chosen.append(entry)
    return chosen


def _failing(alarming: list[Entry], wanted: Wanted) -> list[Entry]:
    """Return shares of failed requests, the symptom's own first, then the worst since it began."""

    def order(entry: Entry) -> tuple[bool, float]:
        since = [v for t, v in _points(entry) if t >= wanted.since]
        return _place(entry)[1] != wanted.symptom, -max(since, default=0.0)

    return sorted((e for e in alarming if _label(e) == ERRORS and not e.get("peer")), key=order)


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Return one entry per label and place; what names a feature goes before what only scans."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda e: e.get("feature") == "series_anomaly"):
        found.setdefault((_label(entry), "→".join(_place(entry))), entry)
    return list(found.values())


def _label(entry: Entry) -> str:
    return label_of(
        str(entry.get("feature", "")), str(entry.get("series", "")), of=str(entry.get("of", ""))
    )


def _place(entry: Entry) -> tuple[str, str]:
    peer = str(entry.get("peer", ""))
    return peer, str(entry["resource"])


def _is_calm(entry: Entry) -> bool:
    return bool(entry.get("is_calm"))


def _points(entry: Entry) -> Points:
    raw = entry["points"] if isinstance(entry["points"], list) else []
    return [(float(t), float(v)) for t, v in raw]


def _usual(entry: Entry, points: Points, since: float) -> tuple[float, float]:
    fallback = (float(str(entry["baseline_low"])), float(str(entry["baseline_high"])))
    return usual_range(points, before=since, fallback=fallback)


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _stays(entry: Entry, since: float) -> bool:
    """Whether a series never leaves its usual range for long."""
    points = _points(entry)
    low, high = _usual(entry, points, since)
    inside = [low <= v <= high for t, v in points if t >= since]
    return bool(inside) and inside[-1] and sum(inside) >= 0.9 * len(inside)


def present(entry: Entry, axis: Axis) -> Lane:
    """Return an entry as a lane on the axis, scaled to its usual range and never to its noise."""
    points = _points(entry)
    start, since = axis.start.timestamp(), axis.impact_from.timestamp()
    low, high = _usual(entry, points, since)
    shown = [(t, v) for t, v in points if start <= t <= axis.end.timestamp()]
    label = _label(entry)
    least, top = scale_of(label, shown, low, high)

    def y(value: float) -> float:
        share = max(0.0, value - least) / (top - least)
        return round(HEIGHT - 2 - share * (HEIGHT - 4), 1)

    latest = points[-1][1] if points else 0.0
    value, usual = str(entry["value_text"]), str(entry.get("usual_text", ""))
    note = standing(label, latest, low, high, usual)
    peer = str(entry.get("peer", ""))
    place = f"{entry['resource']} → {peer}" if peer else str(entry["resource"])
    every = max(1, len(shown) // TABLE_ROWS)
    as_of = datetime.fromtimestamp(points[-1][0], UTC) if points else axis.end
    return Lane(
        label=label,
        resource=place,
        points=" ".join(f"{axis.x(t)},{y(v)}" for t, v in shown),
        band_y=y(high),
        band_height=max(1.0, round(y(low) - y(high), 1)),
        value_text=value,
        note=note,
        usual_text=usual,
        course=course(points, since=since, low=low, high=high, label=label),
        is_calm=low <= latest <= high,
        evidence=int(str(entry.get("evidence") or 0)),
        as_of=as_of,
        sentence=f"{label} of {place}: {value} at {clock(as_of)}, {note}.",
        rows=tuple((clock(t), quantity(v, str(entry.get("unit", "")))) for t, v in shown[::every]),
        climbs_since=_at(climbs_since(points, since=since)),
    )
