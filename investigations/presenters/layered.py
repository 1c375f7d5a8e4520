"""A layered drawing of calls: callers on the left, what they call on the right, everywhere alike."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import pairwise

COLUMN, WIDTH = 196, 148
HEIGHT, GAP = 40, 16
# A call that skips columns passes through each of them in a lane of its own.
LANE = 12
MARGIN = 12
SWEEPS = 4
Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each box stands, column by column, and the curve of each call. In SVG units."""

    columns: tuple[tuple[str, ...], ...]
    places: dict[str, tuple[int, int]]
    paths: dict[Edge, str]
    width: int
    height: int


def lay_out(
    keys: Iterable[str], calls: Iterable[Edge], *, on_top: Container[str] = frozenset()
) -> Layout:
    """Lay boxes out by who calls whom: (caller, callee). Calls of or to others are left out.

    ``on_top``: what stands above the others of its column.
    """
    chosen = set(keys)
    edges = [(a, b) for a, b in dict.fromkeys(calls) if a != b and a in chosen and b in chosen]
    columns, legs = _with_lanes(_layers(chosen, edges), edges)
    columns = _order(columns, [leg for chain in legs for leg in pairwise(chain)])
    columns = [sorted(column, key=lambda key: key not in on_top) for column in columns]
    places, height = _place(columns)
    return Layout(
        columns=tuple(tuple(key for key in column if key in chosen) for column in columns),
        places=places,
        paths={(c[0], c[-1]): _curve([places[key] for key in c]) for c in legs},
        width=2 * MARGIN + COLUMN * max(1, len(columns)) - (COLUMN - WIDTH),
        height=height,
    )


def _with_lanes(
    columns: list[list[str]], edges: list[tuple[str, str]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Put a lane into each column that an edge skips. Returns the columns and each edge's stations."""
    depth = {key: number for number, column in enumerate(columns) for key in column}
    found = [list(column) for column in columns]
    legs = []
    for a, b in edges:
        lanes = [f"{a}\n{b}\n{number}" for number in range(depth[a] + 1, depth[b])]
        for lane, number in zip(lanes, range(depth[a] + 1, depth[b]), strict=True):
            found[number].append(lane)
        legs.append([a, *lanes, b])
    return found, legs


def _place(columns: list[list[str]]) -> tuple[dict[str, tuple[int, int]], int]:
    """Return each station's left upper corner and the height of all.

    Columns begin at the top, so that the first thing a small window shows is not empty.
    """
    sizes = [[LANE if "\n" in key else HEIGHT for key in column] for column in columns]
    most = max((sum(size) + GAP * (len(size) - 1) for size in sizes), default=HEIGHT)
    places = {}
    for number, (column, size) in enumerate(zip(columns, sizes, strict=True)):
        y = MARGIN
        for key, one in zip(column, size, strict=True):
            places[key] = (MARGIN + COLUMN * number, y)
            y += one + GAP
    return places, most + 2 * MARGIN


def _layers(keys: set[str], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Give each service the layer after its deepest caller; an edge that closes a loop is skipped."""
    callees: dict[str, list[str]] = {key: [] for key in sorted(keys)}
    for a, b in edges:
        callees[a].append(b)
    order: list[str] = []
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    called = {b for _, b in edges}
    for root in sorted(keys, key=lambda k: (k in called, k)):
        _visit(root, callees, state, order, back)
    depth = dict.fromkeys(keys, 0)
    for key in reversed(order):
        for callee in callees[key]:
            if (key, callee) not in back:
                depth[callee] = max(depth[callee], depth[key] + 1)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in sorted(keys):
        columns[depth[key]].append(key)
    return columns


def _visit(
    root: str, callees: dict[str, list[str]], state: dict[str, int], order: list[str],
    back: set[tuple[str, str]],
) -> None:  # fmt: skip
    """Depth first without recursion; ``order`` gets each key after all that it calls."""
    if root in state:
        return
    stack = [(root, iter(callees[root]))]
    state[root] = 1
    while stack:
        key, rest = stack[-1]
        callee = next(rest, None)
        if callee is None:
            stack.pop()
            state[key] = 2
            order.append(key)
        elif state.get(callee) == 1:
            back.add((key, callee))
        elif callee not in state:
            state[callee] = 1
            stack.append((callee, iter(callees[callee])))


def _order(columns: list[list[str]], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Put each service near the middle of its callers, and then of its callees, a few times."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for a, b in edges:
        before.setdefault(b, []).append(a)
        after.setdefault(a, []).append(b)
    for sweep in range(SWEEPS):
        beside = before if sweep % 2 == 0 else after
        place = {key: row for column in columns for row, key in enumerate(column)}

        def middle(
            key: str, beside: dict[str, list[str]] = beside, place: dict[str, int] = place
        ) -> float:
            near = [place[k] for k in beside.get(key, ())]
            return sum(near) / len(near) if near else float(place[key])

        columns = [sorted(column, key=lambda k: (middle(k), k)) for column in columns]
    return columns


def _curve(stations: list[tuple[int, int]]) -> str:
    """Return a curve from the first box's right edge through the lanes to the last box's left."""
    (x, y), (end_x, end_y) = stations[0], stations[-1]
    x, y, end_y = x + WIDTH, y + HEIGHT // 2, end_y + HEIGHT // 2
    if end_x <= x:  # a call that closes a circle bows below
        low = max(y, end_y) + HEIGHT
        return f"M{x} {y} C{x + 40} {low} {end_x - 40} {low} {end_x} {end_y}"
    path = [f"M{x} {y}"]
    for lane_x, lane_y in stations[1:-1]:
        middle = lane_y + LANE // 2
        path.append(f"{_bend(x, y, lane_x, middle)} H{lane_x + WIDTH}")
        x, y = lane_x + WIDTH, middle
    return " ".join([*path, _bend(x, y, end_x, end_y)])


def _bend(x1: int, y1: int, x2: int, y2: int) -> str:
    half = (x2 - x1) // 2
    return f"C{x1 + half} {y1} {x2 - half} {y2} {x2} {y2}"
