"""Lanes of the timeline: the series behind findings, each shown once, as entries of the board."""

import math
from statistics import median

from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.metric_findings import SAMPLE_POINTS
from investigations.domain.board import write_entry
from investigations.domain.journal import BoardWriter, Fence, writing
from investigations.enums import EntryKind
from investigations.models import Evidence, Investigation
from telemetry.phrasing import quantity
from telemetry.types import Series

MAX_LANES = 16
MAX_CALM_LANES = 4
MIN_POINTS = 4
MAX_POINTS = 240
NEWEST_POINTS = 40
Points = list[list[float]]


def lane_of(finding: Finding, number: int) -> tuple[str, dict[str, object]] | None:
    """Return a metric finding as a lane of the timeline, if it carries a series.

    ``baseline_low`` and ``baseline_high`` are the usual range as the whole series tells it; pages
    that know when the impact began judge by what was before. ``is_calm``: looked for, not there.
    """
    times, values = finding.sample.get("times"), finding.sample.get("values")
    if not isinstance(times, list) or not isinstance(values, list):
        return None
    points = [[t, v] for t, v in zip(times, values, strict=False) if v is not None]
    if len(points) < MIN_POINTS:
        return None
    unit = str(finding.sample.get("unit", ""))
    known = sorted(v for _, v in points)
    lower = known[: max(MIN_POINTS, len(known) // 2)]
    middle = lower[len(lower) // 2]
    spread = max(lower[-1] - lower[0], abs(middle) * 0.1, 1e-9)
    series = str(finding.sample.get("series", "")) or finding.feature
    peer = finding.peer.name if finding.peer else ""
    whole = str(finding.sample.get("of", ""))
    name = f"{series} of {whole}" if whole else series
    key = f"{name}/{finding.resource}{'/' if peer else ''}{peer}"[:200]
    return key, {
        "key": key,
        "feature": finding.feature,
        "series": series,
        # A share is of another series: read on by both.
        **({"of": whole} if whole else {}),
        "resource": finding.resource.name,
        "peer": peer,
        "unit": unit,
        "points": points,
        "baseline_low": max(0.0, middle - spread),
        "baseline_high": middle + spread,
        "value_text": quantity(points[-1][1], unit),
        "usual_text": quantity(middle, unit),
        "is_calm": finding.presence is not Presence.PRESENT,
        "evidence": number,
    }


def extended(data: dict[str, object], series: Series) -> dict[str, object] | None:
    """Return a lane with the samples that came after its last, None if there are none.

    Its usual range stays: the whole of the longer series is no baseline.
    """
    fresh = [
        [round(t, 1), float(f"{v:.6g}")]
        for t, v in zip(series.times.tolist(), series.values.tolist(), strict=True)
        if not math.isnan(v)
    ]
    return _with_tail(data, fresh)


def _with_tail(data: dict[str, object], more: Points) -> dict[str, object] | None:
    """Return a lane with those points that are later than its own, None if none is."""
    points = _points(data)
    last = float(points[-1][0]) if points else 0.0
    tail = [point for point in more if point[0] > last]
    if not tail:
        return None
    return {
        **data,
        "points": thinned([*points, *tail]),
        "value_text": quantity(tail[-1][1], str(data.get("unit", ""))),
    }


def _points(data: dict[str, object]) -> Points:
    return data["points"] if isinstance(data["points"], list) else []


def thinned(points: Points) -> Points:
    """Return at most about ``MAX_POINTS`` points: one of each two after the first finding's own.

    The one that lies further from the middle stays, so that no excursion is lost; the newest stay.
    """
    if len(points) <= MAX_POINTS:
        return points
    early, late = points[:SAMPLE_POINTS], points[-NEWEST_POINTS:]
    between = points[SAMPLE_POINTS:-NEWEST_POINTS]
    middle = median(v for _, v in early)
    pairs = [between[i : i + 2] for i in range(0, len(between), 2)]
    return [*early, *(max(pair, key=lambda p: abs(p[1] - middle)) for pair in pairs), *late]


def show_lane(
    investigation: Investigation, finding: Finding, evidence: Evidence, *, fence: Fence
) -> None:
    """Put a finding's series on the timeline, once per series, while there is room for it."""
    with writing(investigation.pk, fence=fence) as board:
        write_lane(board, finding, evidence.number)


def write_lane(board: BoardWriter, finding: Finding, number: int) -> None:
    """As :func:`show_lane`, inside a transaction that has the journal open already.

    ``number`` is the evidence that the lane shows.
    """
    lane = lane_of(finding, number)
    if lane is None:
        return
    key, data = lane
    lanes = board.investigation.entries.filter(kind=EntryKind.LANE)
    known = lanes.filter(key=key).first()
    if known is None:
        calm = list(lanes.values_list("data__is_calm", flat=True))
        if len(calm) >= MAX_LANES or (data["is_calm"] and sum(map(bool, calm)) >= MAX_CALM_LANES):
            return
    else:
        # What was read after this finding's window stays.
        data = _with_tail(data, _points(known.data)) or data
        if known.data.get("points") == data["points"]:
            return
    write_entry(
        board, kind=EntryKind.LANE, key=key, data=data, author=finding.agent.author,
        sentence=f"Lane: {data['series']} of {data['resource']}",
    )  # fmt: skip
