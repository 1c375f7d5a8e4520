"""The mini chart of a card: its series, or only when it began, on the room's axis."""

from dataclasses import dataclass

from investigations.models import Evidence
from investigations.presenters.axis import Axis, clock
from investigations.presenters.series import label_of, scale_of, usual_range

HEIGHT = 48
POINTS = 44


@dataclass(frozen=True, slots=True)
class Spark:
    """Geometry in a box of 1000 x 48; ``points`` is empty where only the onset is known."""

    points: str
    onset_x: float | None
    from_x: float
    to_x: float
    sentence: str


def spark_of(row: Evidence, axis: Axis) -> Spark | None:
    """Return the card's mini chart, or None where it has neither a series nor a moment."""
    points = _points(row)
    start, end = axis.start.timestamp(), axis.end.timestamp()
    shown = [(t, v) for t, v in points if start <= t <= end]
    onset = row.onset_at if row.onset_at and axis.shows(row.onset_at) else None
    if len(shown) < 4 and onset is None:
        return None
    began = f", began {clock(onset)}" if onset else ""
    if len(shown) < 4:
        sentence = f"When{began.removeprefix(',')} on the room's time axis."
        return Spark("", axis.x(row.onset_at) if row.onset_at else None, 0, 0, sentence)
    of = str(row.sample.get("of", ""))
    label = label_of(row.feature, str(row.sample.get("series", "")), of=of)
    low, high = usual_range(points, before=axis.impact_from.timestamp(), fallback=(0.0, 0.0))
    least, top = scale_of(label, shown, low, high)
    every = max(1, -(-len(shown) // POINTS))
    parts = [shown[i : i + every] for i in range(0, len(shown), every)]
    shares = [max(0.0, max(v for _, v in p) - least) / (top - least) for p in parts]
    text = " ".join(
        f"{round(axis.x(p[-1][0]))},{round(HEIGHT - 3 - share * 42)}"
        for p, share in zip(parts, shares, strict=True)
    )
    return Spark(
        text, axis.x(onset) if onset else None,
        axis.x(row.window_start), axis.x(row.window_end),
        f"{label}{began}: at most {max(v for _, v in shown):.3g}, now {shown[-1][1]:.3g}.",
    )  # fmt: skip


def _points(row: Evidence) -> list[tuple[float, float]]:
    times, values = row.sample.get("times"), row.sample.get("values")
    if not isinstance(times, list) or not isinstance(values, list):
        return []
    return [(float(t), float(v)) for t, v in zip(times, values, strict=False) if v is not None]


def window_of(row: Evidence) -> tuple[int, int]:
    """Return of what time the card tells, in Unix seconds: from its onset, or its query's window.

    Not as places on the axis: that goes on while the card stands.
    """
    began = row.onset_at or row.window_start
    return int(began.timestamp()), int(max(began, row.window_end).timestamp())
