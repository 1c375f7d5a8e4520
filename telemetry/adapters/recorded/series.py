"""Building series from samples, with the meanings that their names have."""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from telemetry.adapters.recorded.naming import Meaning, meaning_of, unit_of
from telemetry.types import FloatArray, ResourceRef, Semantic, Series, SeriesRef

Key = tuple[ResourceRef, str, ResourceRef | None]
# A ratio cannot exceed 1; a little more is rounding, or CPU above its request.
MOST_AS_RATIO = 1.5


class SeriesBuilder:
    """Collects samples by (resource, name, peer) and makes series with meanings of them."""

    def __init__(self) -> None:
        self._samples: dict[Key, list[tuple[float, float]]] = defaultdict(list)
        self._columns: dict[Key, tuple[FloatArray, FloatArray]] = {}

    def add(
        self, resource: ResourceRef, name: str, at: float, value: str | float | None,
        peer: ResourceRef | None = None,
    ) -> None:  # fmt: skip
        """Add one sample; an unreadable value is a missing scrape."""
        self._samples[resource, name, peer].append((at, _number(value)))

    def add_column(
        self, resource: ResourceRef, name: str, times: FloatArray, values: Sequence[str]
    ) -> None:
        """Add a series that is whole: a value for each of the times, Unix seconds."""
        self._columns[resource, name, None] = (times, _numbers(values))

    def build(self, *, semantics: dict[str, Semantic] | None = None) -> list[Series]:
        """Return the series, times increasing. ``semantics`` overrides meanings by name.

        Whether a name counts in percent is told from all its series together: an idle service
        at 0.4 % must not read as 40 %.
        """
        raw = {key: _merged(*_apart(samples)) for key, samples in self._samples.items()}
        raw |= {key: _merged(*column) for key, column in self._columns.items()}
        meanings: dict[str, Meaning | None] = {}
        for name in {key[1] for key in raw}:
            if semantics and name in semantics:
                meanings[name] = Meaning(semantics[name], unit_of(semantics[name]))
                continue
            highest = [_highest(v) for (_, n, _), (_, v) in raw.items() if n == name]
            meanings[name] = _scaled(meaning_of(name), max(highest))
        best = _best_percentiles(list(raw), meanings)
        return [
            _series(key, times, values, meanings[key[1]] if best.get(key, True) else None)
            for key, (times, values) in raw.items()
        ]


def _number(value: str | float | None) -> float:
    try:
        return float("nan") if value is None or value == "" else float(value)
    except ValueError:
        return float("nan")


def _numbers(values: Sequence[str]) -> FloatArray:
    try:
        return np.array(list(map(float, values)), dtype=np.float64)
    except ValueError:
        return np.array([_number(v) for v in values], dtype=np.float64)


def _best_percentiles(keys: list[Key], meanings: dict[str, Meaning | None]) -> dict[Key, bool]:
    """Of several tail latencies of one thing, say which is the farthest out: that one speaks."""
    tails: dict[tuple[ResourceRef, ResourceRef | None], list[Key]] = defaultdict(list)
    for key in keys:
        meaning = meanings[key[1]]
        if meaning is not None and meaning.semantic is Semantic.LATENCY_P99_SECONDS:
            tails[key[0], key[2]].append(key)
    found = {}
    for rivals in tails.values():
        best = max(rivals, key=lambda key: percentile_of(key[1]))
        found.update({key: key is best for key in rivals})
    return found


def percentile_of(name: str) -> int:
    """Return the percentile that a latency's name states, or 0 for a mean."""
    match = re.search(r"(?:p|lat_?|_)(99|95|90|75)", name, re.IGNORECASE)
    return int(match[1]) if match else 0


def _apart(samples: list[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    plain = np.array(samples, dtype=np.float64).reshape(-1, 2)
    return plain[:, 0].copy(), plain[:, 1].copy()


def _merged(times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return times increasing and, where there are several samples of one time, their mean."""
    if np.all(np.diff(times) > 0):
        return times, values
    groups: dict[float, list[float]] = defaultdict(list)
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        groups[at].append(value)
    ordered = sorted(groups)
    means = []
    for at in ordered:
        known = [v for v in groups[at] if v == v]
        means.append(sum(known) / len(known) if known else float("nan"))
    return np.array(ordered, dtype=np.float64), np.array(means, dtype=np.float64)


def _highest(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(np.max(known)) if len(known) else 0.0


def _scaled(meaning: Meaning | None, highest: float) -> Meaning | None:
    if meaning is None or meaning.unit != "ratio" or meaning.scale != 1.0:
        return meaning
    if highest <= MOST_AS_RATIO:
        return meaning
    return Meaning(meaning.semantic, "ratio", 0.01, is_good=meaning.is_good)


def _series(key: Key, times: FloatArray, values: FloatArray, meaning: Meaning | None) -> Series:
    resource, name, peer = key
    if meaning is None:
        return Series(SeriesRef(resource, name, None, peer), times, values)
    scaled = values * meaning.scale
    if meaning.is_good:
        scaled, name = 1.0 - scaled, f"1 - {name}"
    return Series(SeriesRef(resource, name, meaning.semantic, peer, meaning.unit), times, scaled)
