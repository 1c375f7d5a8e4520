"""The topology as a layered map: callers on the left, what they call on the right."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from investigations.models import Service
from investigations.queries.services import Health, Landscape

MAX_NODES = 60
COLUMN, WIDTH = 196, 148
HEIGHT, GAP = 40, 16
# A call that skips columns passes through each of them in a lane of its own.
LANE = 12
MARGIN = 12
LABEL = 19
SWEEPS = 4
WORDS = {
    "incident": "open incident", "cause": "likely cause of an incident",
    "unusual": "unusual reading", "usual": "as usual",
    "unknown": "no fresh reading",
}  # fmt: skip
MARKS = {"incident": "▲", "cause": "◆", "unusual": "△", "usual": "·", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Node:
    """One service on the map, in SVG units."""

    service: Service
    health: Health
    x: int
    y: int
    is_focus: bool

    @property
    def label(self) -> str:
        """The name, cut to what the box holds."""
        name = self.service.name
        return name if len(name) <= LABEL else f"{name[: LABEL - 1]}…"

    @property
    def mark(self) -> str:
        """The health's glyph: colour is never alone."""
        return MARKS[self.health.state]

    @property
    def words(self) -> str:
        """The health in words."""
        return health_words(self.health)

    @property
    def text_x(self) -> int:
        """Where the label begins."""
        return self.x + 10

    @property
    def name_y(self) -> int:
        """Baseline of the label."""
        return self.y + 17

    @property
    def words_y(self) -> int:
        """Baseline of the second line."""
        return self.y + 32


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Nodes and the curves between them. ``left_out``: services that did not fit."""

    nodes: tuple[Node, ...]
    paths: tuple[str, ...]
    width: int
    height: int
    left_out: int

    @property
    def box(self) -> str:
        """The SVG's viewBox."""
        return f"0 0 {self.width} {self.height}"


def health_words(health: Health) -> str:
    """Return how a service stands, short."""
    if health.incidents:
        worst = min(health.incidents, key=lambda i: (i.severity, -i.pk))
        said = worst.get_severity_display()
        return (
            f"{said} INC-{worst.pk}" if health.state == "incident" else f"cause of INC-{worst.pk}"
        )
    return WORDS[health.state]


def draw(land: Landscape, *, focus: Service | None = None, hops: int = 1) -> ServiceMap:
    """Lay the services out. With a focus only those within some hops of it, either way.

    At most 60 are drawn: those with trouble first, then those with the most edges.
    """
    known = {s.key: s for s in land.services}
    edges = [(a, b) for a, b in land.edges if a in known and b in known and a != b]
    wanted = _near(focus.key, edges, hops) if focus is not None else set(known)
    chosen = _choose([k for k in known if k in wanted], edges, land.health, focus)
    inside = [(a, b) for a, b in edges if a in chosen and b in chosen]
    columns, legs = _with_lanes(_layers(chosen, inside), inside)
    columns = _order(columns, [leg for chain in legs for leg in pairwise(chain)])
    places, height = _place(columns)
    nodes = tuple(
        Node(known[key], land.health[key], *places[key], focus is not None and key == focus.key)
        for column in columns for key in column if key in chosen
    )  # fmt: skip
    return ServiceMap(
        nodes=nodes, paths=tuple(_curve([places[key] for key in chain]) for chain in legs),
        width=2 * MARGIN + COLUMN * max(1, len(columns)) - (COLUMN - WIDTH), height=height,
        left_out=len(wanted & set(known)) - len(chosen),
    )  # fmt: skip


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
    """Return each station's left upper corner, columns centred, and the height of all."""
    sizes = [[LANE if "\n" in key else HEIGHT for key in column] for column in columns]
    tall = [sum(size) + GAP * (len(size) - 1) for size in sizes]
    most = max(tall, default=HEIGHT)
    places = {}
    for number, (column, size) in enumerate(zip(columns, sizes, strict=True)):
        y = MARGIN + (most - tall[number]) // 2
        for key, one in zip(column, size, strict=True):
            places[key] = (MARGIN + COLUMN * number, y)
            y += one + GAP
    return places, most + 2 * MARGIN


def _near(key: str, edges: list[tuple[str, str]], hops: int) -> set[str]:
    beside: dict[str, set[str]] = {}
    for a, b in edges:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    reached = {key: 0}
    queue = deque([key])
    while queue:
        here = queue.popleft()
        if reached[here] == hops:
            continue
        for other in sorted(beside.get(here, ())):
            if other not in reached:
                reached[other] = reached[here] + 1
                queue.append(other)
    return set(reached)


def _choose(
    keys: list[str], edges: list[tuple[str, str]], health: dict[str, Health], focus: Service | None
) -> set[str]:
    degree = dict.fromkeys(keys, 0)
    for a, b in edges:
        for key in (a, b):
            if key in degree:
                degree[key] += 1
    rank = {"incident": 0, "cause": 1, "unusual": 2}

    def place(key: str) -> tuple[bool, int, int, str]:
        is_focus = focus is not None and key == focus.key
        return (not is_focus, rank.get(health[key].state, 3), -degree[key], key)

    return set(sorted(keys, key=place)[:MAX_NODES])


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
