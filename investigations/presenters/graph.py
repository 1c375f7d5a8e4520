"""What an incident touches, drawn as the map of services is, and its chain from cause to symptom."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from investigations.presenters.axis import clock
from investigations.presenters.layered import MARGIN, WIDTH, Edge, lay_out

MAX_NODES = 60
# So many are drawn in any case; of more, only what the incident touches.
SMALL = 16
TOUCHED = 24
STEP = 220
STEP_HEIGHT = 56
LABEL = 19


@dataclass(frozen=True, slots=True)
class Node:
    """One resource in the figure. ``part``: cause, symptom, chain, affected, around."""

    name: str
    kind: str
    part: str
    x: int
    y: int
    note: str
    evidence: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Link:
    """One call, from the caller to what it calls; ``is_chain``: trouble travelled back along it."""

    path: str
    is_chain: bool
    is_inferred: bool
    is_late: bool
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole figure, with what it says in a sentence. ``hidden``: resources left out of it."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    width: int
    height: int
    sentence: str
    affected: tuple[Node, ...]
    hidden: int
    total: int


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A step of the causal chain, as the figures need it."""

    key: str
    note: str
    evidence: int | None
    is_inferred: bool
    is_late: bool
    onset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainBox:
    """A step as a box; ``arrow`` leads to it from the one before, where there is one."""

    name: str
    title: str
    x: int
    onset: str
    evidence: int | None
    is_inferred: bool
    is_late: bool
    arrow: str


@dataclass(frozen=True, slots=True)
class ChainFigure:
    """The chain from left to right: time runs with it."""

    boxes: tuple[ChainBox, ...]
    width: int
    height: int = STEP_HEIGHT + 2 * MARGIN


def draw_chain(chain: tuple[ChainStep, ...]) -> ChainFigure:
    """Put the steps in a row, the cause on the left."""
    middle = MARGIN + STEP_HEIGHT // 2
    boxes = []
    for place, step in enumerate(chain):
        x = MARGIN + place * STEP
        name = step.key.partition("/")[2]
        boxes.append(
            ChainBox(
                _cut(name), name, x, clock(step.onset_at.timestamp()) if step.onset_at else "",
                step.evidence, step.is_inferred, step.is_late,
                f"M{x - STEP + WIDTH} {middle}H{x - 2}" if place else "",
            )
        )  # fmt: skip
    return ChainFigure(tuple(boxes), 2 * MARGIN + STEP * (len(chain) - 1) + WIDTH)


def build_graph(
    edges: Iterable[Edge],
    *,
    chain: tuple[ChainStep, ...],
    symptom: str,
    affected: Mapping[str, tuple[str, int | None]],
    is_whole: bool = False,
) -> Graph:
    """Lay resources out in layers: callers on the left, what they call to their right.

    Args:
        edges: (caller, callee) resource keys.
        chain: From cause to symptom.
        symptom: The key of the incident's resource.
        affected: Resource key -> (what is seen there, evidence number, if evidence tells it).
        is_whole: Whether all are wanted, not only what the incident touches.
    """
    known = list(dict.fromkeys(edges))
    for before, after in pairwise(chain):
        if (after.key, before.key) not in known:
            known.append((after.key, before.key))
    touched = dict.fromkeys(k for k in (symptom, *(s.key for s in chain), *sorted(affected)) if k)
    order = _nearest_first(known, touched)
    keys = order[:MAX_NODES]
    if not is_whole and len(order) > SMALL:
        beside = _beside(known, {symptom, *(s.key for s in chain)})
        keys = [k for k in order if k in touched or k in beside][:TOUCHED]
    layout = lay_out(keys, known, on_top=touched)
    parts = _parts(chain, symptom, affected)
    notes = {**affected, **{s.key: (s.note, s.evidence) for s in chain if not s.is_inferred}}
    nodes = [
        _node(key, layout.places[key], parts, notes) for column in layout.columns for key in column
    ]
    hurt = tuple(n for n in nodes if n.part in {"affected", "symptom"})
    return Graph(
        tuple(nodes), _links(layout.paths, chain), layout.width, layout.height,
        _sentence(chain, hurt), hurt, len(order) - len(keys), len(order),
    )  # fmt: skip


def _nearest_first(edges: list[Edge], first: Iterable[str]) -> list[str]:
    """Return all resources, those nearest to the trouble first."""
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    order = dict.fromkeys(first)
    queue = deque(order)
    while queue:
        for neighbour in sorted(near[queue.popleft()]):
            if neighbour not in order:
                order[neighbour] = None
                queue.append(neighbour)
    for key in sorted(near):
        order.setdefault(key)
    return list(order)


def _beside(edges: list[Edge], middle: set[str]) -> set[str]:
    return {b for a, b in edges if a in middle} | {a for a, b in edges if b in middle}


def _parts(
    chain: tuple[ChainStep, ...], symptom: str, affected: Mapping[str, tuple[str, int | None]]
) -> dict[str, str]:
    parts = dict.fromkeys(affected, "affected")
    parts.update(dict.fromkeys((s.key for s in chain), "chain"))
    parts[symptom] = "symptom"
    if chain:
        parts[chain[0].key] = "cause"
    return parts


def _node(
    key: str, place: tuple[int, int], parts: dict[str, str],
    notes: dict[str, tuple[str, int | None]],
) -> Node:  # fmt: skip
    kind, _, name = key.partition("/")
    note, evidence = notes.get(key, ("", None))
    return Node(_cut(name), kind, parts.get(key, "around"), *place, note, evidence, name)


def _cut(name: str) -> str:
    return name if len(name) <= LABEL else f"{name[: LABEL - 1]}…"


def _links(paths: dict[Edge, str], chain: tuple[ChainStep, ...]) -> tuple[Link, ...]:
    steps = {(b.key, a.key): b for a, b in pairwise(chain)}
    links = []
    for (caller, callee), path in paths.items():
        step = steps.get((caller, callee))
        names = [key.partition("/")[2] for key in (caller, callee)]
        links.append(
            Link(
                path, step is not None, step is not None and step.is_inferred,
                step is not None and step.is_late, f"{names[0]} calls {names[1]}",
            )
        )  # fmt: skip
    return tuple(links)


def _sentence(chain: tuple[ChainStep, ...], hurt: tuple[Node, ...]) -> str:
    names = [s.key.partition("/")[2] for s in chain]
    way = " to ".join(names) if len(names) > 1 else f"{names[0]} itself" if names else ""
    told = f"The chain goes from cause to symptom: {way}." if way else "No cause is known yet."
    also = ", ".join(n.title for n in hurt)
    return f"{told} Hurt: {also}." if also else told
