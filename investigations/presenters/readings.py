"""Readings of a service: the value with its unit, its usual range, a line."""

from dataclasses import dataclass
from datetime import datetime

from investigations.models import ServiceReading
from investigations.queries.services import READING_AGE, is_unusual

SPARK_WIDTH, SPARK_HEIGHT = 160, 28
SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading as it is shown."""

    reading: ServiceReading
    label: str
    value: str
    usual: str
    points: str
    band_y: float
    band_height: float
    is_unusual: bool
    is_old: bool

    @property
    def sentence(self) -> str:
        """The row in words, for those who do not see the line."""
        usual = f"usually {self.usual}" if self.usual else "usual range not known yet"
        return f"{self.label} {self.value}, {usual}"


def value_text(value: float, unit: str) -> str:
    """Return a number with its unit, at three figures."""
    if unit == "ratio":
        return f"{value:.2%}" if abs(value) < 0.1 else f"{value:.0%}"
    if unit == "seconds":
        return f"{value * 1000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"
    if unit == "bytes":
        for size, name in SCALES:
            if abs(value) >= size:
                return f"{value / size:.3g} {name}B"
        return f"{value:.3g} B"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number}/s" if unit == "per_second" else number


def present_readings(readings: list[ServiceReading], now: datetime) -> list[ReadingRow]:
    """Return a row per reading."""
    return [_row(reading, now) for reading in readings]


def _row(reading: ServiceReading, now: datetime) -> ReadingRow:
    low, high = reading.usual_low, reading.usual_high
    values = [float(v) for v in reading.points] or [reading.value]
    bottom = min([*values, *([low] if low is not None else [])])
    top = max([*values, *([high] if high is not None else [])])
    # A flat series is drawn in the middle, not as if it filled its box.
    if top - bottom < 0.2 * max(abs(top), 1e-9):
        centre, half = (top + bottom) / 2, 0.1 * max(abs(top), 1e-9)
        bottom, top = centre - half, centre + half

    def y(value: float) -> float:
        return round(2 + (SPARK_HEIGHT - 4) * (1 - (value - bottom) / (top - bottom)), 1)

    step = SPARK_WIDTH / max(1, len(values) - 1)
    band_y = y(high) if high is not None else 0.0
    return ReadingRow(
        reading=reading, label=_label(reading.semantic), value=value_text(reading.value, reading.unit),
        usual="" if low is None or high is None else
        f"{value_text(low, reading.unit)} to {value_text(high, reading.unit)}",
        points=" ".join(f"{i * step:.1f},{y(v)}" for i, v in enumerate(values)),
        band_y=band_y, band_height=max(1.0, y(low) - band_y) if low is not None else 0.0,
        is_unusual=is_unusual(reading), is_old=now - reading.read_at > READING_AGE,
    )  # fmt: skip


def _label(semantic: str) -> str:
    for unit in ("_seconds", "_bytes", "_ratio"):
        semantic = semantic.removesuffix(unit)
    words = semantic.replace("_", " ").replace("db ", "database ")
    return words.replace("cpu", "CPU") if words.startswith("cpu") else words.capitalize()
