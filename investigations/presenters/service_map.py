"""The topology as a layered map: callers on the left, what they call on the right."""

from collections import deque
from dataclasses import dataclass

from investigations.models import Service
from investigations.presenters.layered import lay_out
from investigations.queries.services import Health, Landscape

MAX_NODES = 60
LABEL = 19
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
    layout = lay_out(chosen, edges)
    nodes = tuple(
        Node(known[key], land.health[key], *layout.places[key], focus is not None and key == focus.key)
        for column in layout.columns for key in column
    )  # fmt: skip
    return ServiceMap(
        nodes=nodes, paths=tuple(layout.paths.values()), width=layout.width, height=layout.height,
        left_out=len(wanted & set(known)) - len(chosen),
    )  # fmt: skip


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
