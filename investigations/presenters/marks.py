"""Marks of changes, actions and the alert on the axis, and what is written beside each without overlap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from investigations.presenters.axis import WIDTH

# Units of the axis that one letter takes at 11 px: on the narrowest page that shows the whole texts,
# and on a phone, which shows short ones only.
LETTER, PHONE_LETTER = 8.6, 30.0
GLYPH = 7.0
BEFORE, BEGAN = "◂ ", "▶"
Span = tuple[float, float]
SIDES = ("start", "end")
# Actions that began nearer to one another than this are named together.
NEAR, PHONE_NEAR = 2 * GLYPH, 60.0


@dataclass(frozen=True, slots=True)
class Label:
    """What is written at a mark, on which ``side`` of it (start, end, or "" about it), in which row."""

    text: str
    side: str
    is_upper: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment with its text.

    ``zoom_x`` is where it lies in the closer view. ``is_before``: it was before the axis begins, and
    is told there. ``action`` is the number of the action that it is of, 0 for others; ``incident``
    that of the other incident for which it was done, 0 of this one's own. The labels are those of the
    whole and of the closer view; on a phone only the marks with a short one are shown.
    """

    x: float
    kind: str
    glyph: str
    text: str
    at: datetime
    evidence: int
    is_suspect: bool
    zoom_x: float
    note: str = ""
    is_before: bool = False
    action: int = 0
    incident: int = 0
    label: Label | None = None
    zoom_label: Label | None = None
    short: Label | None = None
    zoom_short: Label | None = None

    @property
    def name(self) -> str:
        """What the action is called here."""
        return f"INC-{self.incident} A{self.action}" if self.incident else f"A{self.action}"

    @property
    def is_upper(self) -> bool:
        """Whether its text lies in the upper row by itself: the suspect and the alert do."""
        return self.is_suspect or self.kind == "alert"

    @property
    def has_begun(self) -> bool:
        """Whether an action began here: its first mark, which tells whose all the others are."""
        return self.glyph == BEGAN

    @property
    def brief(self) -> str:
        """What it is in a word, where space is scarce."""
        _, _, told = self.text.partition(f"{self.glyph} ")
        return f"{BEFORE if self.is_before else ''}{self.glyph} {told.split()[0]}"


class _Rows:
    """What is taken of the two rows of texts, in one view."""

    def __init__(self, *, letter: float, glyphs: Sequence[tuple[bool, float]] = ()) -> None:
        self.letter = letter
        self.taken: dict[bool, list[Span]] = {True: [], False: []}
        for is_upper, x in glyphs:
            self.taken[is_upper].append((x - GLYPH, x + GLYPH))

    def write(
        self, text: str, x: float, *, is_upper: bool, sides: Sequence[str] = SIDES,
        over: Sequence[float] = (),
    ) -> Label | None:  # fmt: skip
        """Take the room of a text beside x, on a side where it fits; None where it fits on neither.

        Its own glyph, and those at the places ``over``, are no hindrance.
        """
        if not 0 <= x <= WIDTH:
            return None
        own = {(place - GLYPH, place + GLYPH) for place in (x, *over)}
        others = [span for span in self.taken[is_upper] if span not in own]
        for side in sides:
            low, high = self._span(text, x, side)
            if low >= -4 and high <= WIDTH + 4 and all(high <= a or low >= b for a, b in others):
                self.taken[is_upper].append((low, high))
                return Label(text, side, is_upper)
        return None

    def widen(self, label: Label, text: str, x: float) -> Label:
        """Write a longer text instead of one that stands, on its side, where that has room."""
        span, row = self._span(label.text, x, label.side), self.taken[label.is_upper]
        row.remove(span)
        longer = self.write(text, x, is_upper=label.is_upper, sides=(label.side,))
        if longer is None:
            row.append(span)
        return longer or label

    def _span(self, text: str, x: float, side: str) -> Span:
        size = (len(text) + 1) * self.letter
        return (x, x + size) if side == "start" else (x - size, x)


def label_marks(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Give every mark its text where there is room, in the order of the axis.

    First the suspect and the alert, then the name of each action where it began, then what else there
    is to say, the last action first. What has no room for a word is a glyph, with a title.
    """
    order = sorted(
        marks, key=lambda m: (not m.is_suspect, m.kind != "alert", m.kind != "action", -m.x)
    )
    whole, closer = ([m.x for m in order], [m.zoom_x for m in order])
    labels, zooms = _labels(order, whole), _labels(order, closer)
    shorts, zoom_shorts = _shorts(order, whole), _shorts(order, closer)
    done = [
        replace(m, label=labels[n], zoom_label=zooms[n], short=shorts[n], zoom_short=zoom_shorts[n])
        for n, m in enumerate(order)
    ]
    return tuple(sorted(done, key=lambda m: m.x))


def _labels(order: Sequence[Mark], places: Sequence[float]) -> list[Label]:
    spots = list(zip(order, places, strict=True))
    rows = _Rows(letter=LETTER, glyphs=[(m.is_upper, x) for m, x in spots])
    found: list[Label | None] = [
        rows.write(m.text, x, is_upper=True) if m.is_upper else None for m, x in spots
    ]
    for number, named in _names(order, places, rows, near=NEAR).items():
        found[number] = rows.widen(named, f"{named.text} began", places[number])
    for number, (mark, x) in enumerate(spots):
        if not mark.is_upper and not mark.has_begun:
            found[number] = rows.write(mark.text, x, is_upper=False)
    return [label or Label(m.glyph, "", m.is_upper) for m, label in zip(order, found, strict=True)]


def _shorts(order: Sequence[Mark], places: Sequence[float]) -> list[Label | None]:
    """Return what a phone shows: the first, and each action where it began."""
    rows = _Rows(letter=PHONE_LETTER)
    first = rows.write(order[0].brief, places[0], is_upper=True)
    names = _names(order, places, rows, near=PHONE_NEAR)
    return [names.get(n) if n else first for n in range(len(order))]


def _names(
    order: Sequence[Mark], places: Sequence[float], rows: _Rows, *, near: float
) -> dict[int, Label]:
    """Write the name of each action where it began, the last first; of near ones at one of them."""
    begun = [n for n, m in enumerate(order) if m.has_begun and 0 <= places[n] <= WIDTH]
    groups: list[list[int]] = []
    for n in sorted(begun, key=lambda n: (places[n], order[n].at, order[n].action)):
        if groups and places[n] - places[groups[-1][-1]] <= near:
            groups[-1].append(n)
        else:
            groups.append([n])
    found: dict[int, Label] = {}
    for group in reversed(groups):
        names = [order[n].name for n in group]
        texts = [" ".join((BEGAN, *names))]
        if len(names) > 1:
            texts.append(f"{BEGAN} {names[-1]} +{len(names) - 1}")
        over = [places[n] for n in group]
        # Beside all their glyphs: right of the last one, or left of the first.
        tries = ((t, up, n) for t in texts for up in (False, True)
                 for n in ((group[-1], "start"), (group[0], "end")))  # fmt: skip
        for text, is_upper, (at, side) in tries:
            label = rows.write(text, places[at], is_upper=is_upper, sides=(side,), over=over)
            if label is not None:
                found[at] = label
                break
    return found
