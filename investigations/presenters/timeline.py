"""Lanes on one time axis: geometry as numbers for SVG attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH = 1000
HEIGHT = 32
XOf = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Lane:
    """One series: ``points`` is an SVG polyline in a box of 1000 x 32."""

    label: str
    resource: str
    points: str
    band_y: float
    band_height: float
    value_text: str
    note: str
    sentence: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the axis: ``x`` in 0..1000."""

    x: float
    kind: str
    text: str
    at: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the timeline shows."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    impact_x: float
    impact_width: float
    start: datetime
    end: datetime


def build_timeline(
    lanes: list[dict[str, object]],
    changes: list[dict[str, object]],
    *,
    start: datetime,
    end: datetime,
    impact_from: datetime,
    impact_to: datetime | None,
) -> Timeline:
    """Place lanes, marks and the impact on one axis: the same instant has the same x everywhere."""

    def x_of(at: float) -> float:
        share = (at - start.timestamp()) / max(1.0, (end - start).total_seconds())
        return round(min(1.0, max(0.0, share)) * WIDTH, 1)

    begin = x_of(impact_from.timestamp())
    stop = x_of((impact_to or end).timestamp())
    marks = [_mark(c, x_of) for c in changes if datetime.fromisoformat(str(c["at"])) >= start]
    marks.append(Mark(begin, "alert", "◆ symptom", _clock(impact_from), _anchor(begin)))
    return Timeline(
        lanes=tuple(_lane(lane, x_of, start) for lane in lanes),
        marks=tuple(sorted(marks, key=lambda m: m.x)),
        impact_x=begin,
        impact_width=max(0.0, round(stop - begin, 1)),
        start=start,
        end=end,
    )


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%H:%M:%SZ")


def _anchor(x: float) -> str:
    return "end" if x > 850 else "start"


def _mark(change: dict[str, object], x_of: XOf) -> Mark:
    at = datetime.fromisoformat(str(change["at"]))
    x = x_of(at.timestamp())
    glyph = "▲" if change["kind"] == "deploy" else "◇"
    return Mark(
        x, "change", f"{glyph} {change['kind']} {change['resource']}", _clock(at), _anchor(x)
    )


def _lane(lane: dict[str, object], x_of: XOf, start: datetime) -> Lane:
    raw = lane["points"] if isinstance(lane["points"], list) else []
    shown = [(float(t), float(v)) for t, v in raw if float(t) >= start.timestamp()]
    low, high = float(str(lane["baseline_low"])), float(str(lane["baseline_high"]))
    # Scale to three times the baseline at least: a flat small error rate must look flat and small.
    top = max([v for _, v in shown] + [high * 3, 1e-9]) * 1.05

    def y_of(value: float) -> float:
        return round(HEIGHT - 2 - value / top * (HEIGHT - 4), 1)

    points = " ".join(f"{x_of(t)},{y_of(v)}" for t, v in shown)
    value, note = str(lane["value_text"]), str(lane["note"])
    every = max(1, len(shown) // 12)
    rows = tuple(
        (datetime.fromtimestamp(t, UTC).strftime("%H:%M:%SZ"), f"{v:.4g}")
        for t, v in shown[::every]
    )
    return Lane(
        label=str(lane["label"]),
        resource=str(lane["resource"]),
        points=points,
        band_y=y_of(high),
        band_height=max(1.0, round(y_of(low) - y_of(high), 1)),
        value_text=value,
        note=note,
        sentence=f"{lane['label']} of {lane['resource']}: now {value}, {note}.",
        rows=rows,
    )
