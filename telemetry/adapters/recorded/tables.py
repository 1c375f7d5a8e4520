"""Reading tables and building series from them."""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from telemetry.adapters.recorded.naming import meaning_of
from telemetry.types import ResourceRef, Semantic, Series, SeriesRef

BROKEN = (OSError, EOFError, ValueError, csv.Error, UnicodeError)


def open_text(path: Path) -> io.TextIOBase:
    """Open a text file, gzipped or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def read_rows(path: Path, problems: dict[str, str], part: str) -> Iterator[dict[str, str]]:
    """Yield a table's rows; what cannot be read becomes a problem that names file and line."""
    line = 0
    try:
        with open_text(path) as file:
            for row in csv.DictReader(file):
                line += 1
                yield row
    except FileNotFoundError:
        problems[part] = f"{path.name} is missing from this recording"
    except BROKEN as error:
        problems[part] = f"{path.name} cannot be read after line {line} ({error})"


class SeriesBuilder:
    """Collects samples by (resource, name, peer) and makes series with meanings of them."""

    def __init__(self) -> None:
        self._samples: dict[tuple[ResourceRef, str, ResourceRef | None], list[tuple[float, float]]]
        self._samples = defaultdict(list)

    def add(
        self, resource: ResourceRef, name: str, at: float, value: str | float,
        peer: ResourceRef | None = None,
    ) -> None:  # fmt: skip
        """Add one sample; an unreadable value is a missing scrape."""
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        self._samples[resource, name, peer].append((at, number))

    def build(self, *, semantics: dict[str, Semantic] | None = None) -> list[Series]:
        """Return the series, times increasing. ``semantics`` overrides meanings by name."""
        found = []
        for (resource, name, peer), samples in self._samples.items():
            merged: dict[float, list[float]] = defaultdict(list)
            for at, value in samples:
                merged[at].append(value)
            times = np.array(sorted(merged))
            with np.errstate(invalid="ignore"):
                values = np.array([float(np.mean(merged[t])) for t in times])
            found.append(_meant(resource, name, peer, times, values, semantics or {}))
        return found


def _meant(
    resource: ResourceRef, name: str, peer: ResourceRef | None, times: np.ndarray,
    values: np.ndarray, semantics: dict[str, Semantic],
) -> Series:  # fmt: skip
    if name in semantics:
        ref = SeriesRef(resource, name, semantics[name], peer, unit_of(semantics[name]))
        return Series(ref, times, values)
    meaning = meaning_of(name)
    if meaning is None:
        return Series(SeriesRef(resource, name, None, peer), times, values)
    known = values[~np.isnan(values)]
    scale = meaning.scale
    is_percent = meaning.unit == "ratio" and len(known) > 0 and float(np.max(known)) > 1.5
    if is_percent:
        scale *= 0.01
    scaled = values * scale
    if meaning.is_good:
        scaled = 1.0 - scaled
    return Series(SeriesRef(resource, name, meaning.semantic, peer, meaning.unit), times, scaled)


def unit_of(semantic: Semantic) -> str:
    """Return the unit that a meaning's name states."""
    for ending in ("seconds", "bytes", "ratio"):
        if semantic.value.endswith(f"_{ending}"):
            return ending
    return "per_second" if semantic.value.endswith("_rate") else "count"
