"""The timeline: lanes, marks of changes and actions, and the impact, on one axis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from investigations.presenters.axis import Axis, clock
from investigations.presenters.lanes import SHOWN, Entry, Lane, Wanted, choose, present
from investigations.presenters.marks import BEFORE, BEGAN, Mark, label_marks

GLYPHS = {"deploy": "▲", "config": "◇", "flag": "⚑", "scale": "⇕", "schema": "▤"}
# How a change that really began ended, in words; of one that never ran there is nothing to mark.
ENDS = {
    "succeeded": ("✓", "verified"), "undone": ("↶", "undone"), "failed": ("✗", "failed"),
    "inconclusive": ("?", "inconclusive"), "halted": ("■", "halted"),
}  # fmt: skip
MAX_TEXT = 30
NEAR = 14.0


@dataclass(frozen=True, slots=True)
class Onset:
    """When something began, by evidence: several near one another are one tick.

    ``first`` is the number of the evidence that names it, ``count`` of how many pieces; 0 of a link.
    """

    x: float
    zoom_x: float
    at: datetime
    first: int = 0
    count: int = 0

    @property
    def text(self) -> str:
        """The evidence, or the moment of a link, in a few letters."""
        if not self.first:
            return clock(self.at)
        return f"E{self.first}" if self.count == 1 else f"E{self.first} +{self.count - 1}"

    @property
    def tells(self) -> str:
        """The evidence as the subject of a sentence."""
        more = self.count - 1
        return f"E{self.first} tells" if not more else f"E{self.first} and {more} more tell"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the timeline shows.

    ``before``: earlier changes that have no mark on the axis; ``later``: what was done after it ends.
    """

    axis: Axis
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    onsets: tuple[Onset, ...]
    before: tuple[Mark, ...] = ()
    later: tuple[Mark, ...] = ()

    @property
    def told(self) -> tuple[Mark, ...]:
        """Every change and action that is known, the alert, and what began, in the order of time."""
        began = (
            Mark(o.x, "onset", "", f"began at about then, as {o.tells}", o.at, o.first, False, o.zoom_x)
            for o in self.onsets
        )  # fmt: skip
        return tuple(sorted((*self.before, *self.marks, *self.later, *began), key=lambda m: m.at))

    @property
    def symptom(self) -> Lane | None:
        """The lane that tells of the symptom."""
        return self.lanes[0] if self.lanes else None

    def moment(self, text: str) -> Onset | None:
        """Return a moment of a link (``2026-03-01T12:00:00Z``) as a mark, if it is on the axis."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        if at.tzinfo is None or not self.axis.shows(at):
            return None
        x = self.axis.x(at)
        return Onset(x, self.axis.zoomed(x), at)

    @property
    def sentence(self) -> str:
        """The marks in words."""
        told = [f"{m.text} at {clock(m.at)}" for m in self.marks]
        return "; ".join(told) + "."


def build_timeline(
    lanes: Sequence[Entry],
    changes: Iterable[Entry],
    axis: Axis,
    *,
    wanted: Wanted,
    suspects: Sequence[str | int] = (),
    onsets: Iterable[tuple[int, datetime]] = (),
    actions: Iterable[Entry] = (),
    limit: int = SHOWN,
) -> Timeline:
    """Place everything on the axis. ``suspects``: ids or evidence numbers of blamed changes."""
    acts = _acts(actions, axis)
    groups, early = _grouped(changes, axis, set(suspects))
    before = [replace(_mark(group, axis), is_before=True) for group in early]
    # What is blamed is told by name, however long ago it was.
    blamed = [m for m in before if m.is_suspect][-1:]
    told = [replace(m, text=f"{BEFORE}{m.text} {m.at:%H:%MZ}", zoom_x=0.0) for m in blamed]
    return Timeline(
        axis=axis,
        lanes=tuple(present(entry, axis) for entry in choose(lanes, wanted, limit=limit)),
        marks=label_marks(
            [
                *told,
                *(_mark(group, axis) for group in groups),
                *(m for m in acts if axis.shows(m.at)),
                _alert(axis),
            ]
        ),
        onsets=_ticks(onsets, axis),
        before=tuple(m for m in before if m not in blamed),
        later=tuple(m for m in acts if m.at > axis.end and not m.incident),
    )


def _grouped(
    changes: Iterable[Entry], axis: Axis, suspects: set[str | int]
) -> tuple[list[list[Entry]], list[list[Entry]]]:
    """Return the changes on the axis and those before, of one resource at one instant together."""
    groups: dict[tuple[datetime, str, str], list[Entry]] = {}
    for change in sorted(changes, key=lambda c: str(c["at"])):
        at = datetime.fromisoformat(str(change["at"]))
        if at > axis.end:
            continue
        is_suspect = bool(suspects & {str(change.get("id")), int(str(change.get("evidence") or 0))})
        key = (at, str(change["resource"]), str(change.get("kind", "change")))
        groups.setdefault(key, []).append({**change, "at": at, "is_suspect": is_suspect})
    shown = [group for (at, *_), group in groups.items() if axis.shows(at)]
    return shown, [group for (at, *_), group in groups.items() if at < axis.start]


def _alert(axis: Axis) -> Mark:
    return Mark(axis.impact_x, "alert", "◆", "◆ alert", axis.impact_from, 0, False,
                axis.zoomed(axis.impact_x))  # fmt: skip


def _mark(group: list[Entry], axis: Axis) -> Mark:
    first = group[0]
    kind = str(first.get("kind", "change"))
    glyph = GLYPHS.get(kind, "◇")
    many = f" x{len(group)}" if len(group) > 1 else ""
    text = f"{glyph} {kind} {first['resource']}"[:MAX_TEXT] + many
    at = first["at"]
    assert isinstance(at, datetime)  # noqa: S101  # set in _grouped
    titles = [str(c.get("title") or "") for c in group]
    return Mark(
        axis.x(at), "change", glyph, text, at, int(str(first.get("evidence") or 0)),
        any(bool(c["is_suspect"]) for c in group), axis.zoomed(axis.x(at)),
        note="; ".join(t for t in titles if t),
    )  # fmt: skip


def _acts(actions: Iterable[Entry], axis: Axis) -> list[Mark]:
    """Return when each action began and what became of it, of those that really began."""
    found = []
    for action in actions:
        number, incident = int(str(action["number"])), int(str(action.get("incident") or 0))
        name = f"INC-{incident} A{number}" if incident else f"A{number}"
        title = str(action.get("title", ""))
        glyph, word = ENDS.get(str(action.get("state")), ("", ""))
        moments = [(BEGAN, f"{name} began", action.get("began_at"), title)]
        if word and action.get("began_at"):
            moments.append((glyph, f"{name} {word}", action.get("ended_at"), title))
        for sign, text, when, note in moments:
            if when:
                at = datetime.fromisoformat(str(when))
                x = axis.x(at)
                found.append(
                    Mark(x, "action", sign, f"{sign} {text}", at, 0, False, axis.zoomed(x),
                         note=note, action=number, incident=incident)
                )  # fmt: skip
    return found


def _ticks(onsets: Iterable[tuple[int, datetime]], axis: Axis) -> tuple[Onset, ...]:
    """Return the moments at which evidence says that something began, near ones as one."""
    found: list[list[tuple[int, datetime]]] = []
    for number, at in sorted(onsets, key=lambda pair: pair[1]):
        if not axis.shows(at):
            continue
        if found and axis.x(at) - axis.x(found[-1][0][1]) <= NEAR:
            found[-1].append((number, at))
        else:
            found.append([(number, at)])
    ticks = []
    for group in found:
        first = min(number for number, _ in group)
        x = axis.x(group[0][1])
        ticks.append(Onset(x, axis.zoomed(x), group[0][1], first, len(group)))
    return tuple(ticks)
