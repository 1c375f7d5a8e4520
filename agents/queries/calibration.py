"""How right past diagnoses were: by band of confidence and by class of fault."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.reconciler.rules import MIN_POSTERIOR
from investigations.queries.grades import Graded

BANDS = 10
BARS = (0.5, 0.6, 0.7, 0.8, 0.9)
SIZE, MARGIN = 320, 40


@dataclass(frozen=True, slots=True)
class Band:
    """Diagnoses whose confidence lay in one tenth. ``claimed`` and ``right`` are means, 0..1."""

    low: float
    count: int
    claimed: float
    right: float

    @property
    def label(self) -> str:
        """Return the band in per cent."""
        return f"{self.low:.0%} to {self.low + 0.1:.0%}"

    @property
    def x(self) -> str:
        """Return the place in the diagram, SVG units."""
        return f"{MARGIN + self.claimed * (SIZE - 2 * MARGIN):.1f}"

    @property
    def y(self) -> str:
        """Return the place in the diagram, SVG units."""
        return f"{SIZE - MARGIN - self.right * (SIZE - 2 * MARGIN):.1f}"

    @property
    def radius(self) -> str:
        """Return the size of the dot: its area grows with the count."""
        return f"{3 + min(9.0, self.count**0.5):.1f}"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of fault: how often it was named or led, and how often that was right."""

    fault_class: str
    count: int
    claimed: float
    right: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What past cases say of naming a cause only from a confidence on, 0..1.

    Attributes:
        named: How many would have been named a likely cause.
        right: The share of those that were right, by their worth; None where none would be.
        kept_back: How many right ones would have been left unnamed.
    """

    least: float
    named: int
    right: float | None
    kept_back: int
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class Reliability:
    """The page's figures. ``by``: how many were graded by whom or what, in words."""

    count: int
    by: str
    brier: float
    bands: list[Band]
    classes: list[ClassRow]
    misses: list[Graded]
    bars: list[Bar]


def reliability_of(graded: Sequence[Graded], *, shown: int = 50) -> Reliability:
    """Return the figures of graded diagnoses. Pure."""
    bands: dict[int, list[Graded]] = defaultdict(list)
    classes: dict[str, list[Graded]] = defaultdict(list)
    for g in graded:
        bands[min(BANDS - 1, int(g.claimed * BANDS))].append(g)
        classes[g.fault_class].append(g)
    brier = sum((g.claimed - g.worth) ** 2 for g in graded) / len(graded) if graded else 0.0
    return Reliability(
        count=len(graded),
        by=", ".join(f"{n} by {source}" for source, n in Counter(g.source for g in graded).most_common()),
        brier=brier,
        bands=[
            Band(index / BANDS, len(found), _mean([g.claimed for g in found]),
                 _mean([g.worth for g in found]))
            for index, found in sorted(bands.items())
        ],
        classes=sorted(
            (ClassRow(name, len(found), _mean([g.claimed for g in found]),
                      _mean([g.worth for g in found])) for name, found in classes.items()),
            key=lambda row: (-row.count, row.fault_class),
        ),
        misses=[g for g in graded if g.worth < 1][:shown],
        bars=bars_of(graded),
    )  # fmt: skip


def bars_of(graded: Sequence[Graded]) -> list[Bar]:
    """Return what the past says of several bars, the one in use among them. Pure."""
    found = []
    for least in sorted({*BARS, MIN_POSTERIOR}):
        named = [g for g in graded if g.claimed >= least]
        below = [g for g in graded if g.claimed < least]
        right = _mean([g.worth for g in named]) if named else None
        kept_back = sum(g.worth == 1 for g in below)
        found.append(Bar(least, len(named), right, kept_back, least == MIN_POSTERIOR))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
