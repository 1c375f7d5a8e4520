"""The causal chain and the topology around it, as a layered figure and as lists."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

MAX_NODES = 60
COLUMN = 190
ROW = 64
BOX_WIDTH = 150
BOX_HEIGHT = 44
MARGIN = 16
Edge = tuple[str, str]


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

    @property
    def middle(self) -> int:
        """The height at which edges arrive."""
        return self.y + BOX_HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Link:
    """One dependency drawn from the one that is called to its caller: the way trouble travels."""

    path: str
    is_chain: bool
    is_inferred: bool
    is_late: bool
    label: str
    label_x: int
    label_y: int
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole figure, with what it says in a sentence."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    width: int
    height: int
    sentence: str
    affected: tuple[Node, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A step of the causal chain, as the figure needs it."""

    key: str
    note: str
    evidence: int | None
    is_inferred: bool
    is_late: bool


def build_graph(
    edges: Iterable[Edge],
    *,
    chain: tuple[ChainStep, ...],
    symptom: str,
    affected: dict[str, tuple[str, int]],
) -> Graph:
    """Lay resources out in layers: what is called on the left, callers to its right.

    Args:
        edges: (caller, callee) resource keys.
        chain: From cause to symptom.
        symptom: The key of the incident's resource.
        affected: Resource key -> (what is seen there, evidence number).
    """
    known = list(dict.fromkeys(edges))
    for before, after in pairwise(chain):
        if (after.key, before.key) not in known:
            known.append((after.key, before.key))
    keys, hidden = _kept(known, {symptom, *(s.key for s in chain), *affected})
    known = [(a, b) for a, b in known if a in keys and b in keys]
    layers = _layers(keys, known)
    parts = _parts(chain, symptom, affected)
    notes = {s.key: (s.note, s.evidence) for s in chain if not s.is_inferred}
    nodes = _nodes(layers, parts, {**affected, **notes})
    links = _links(nodes, known, chain)
    width = MARGIN * 2 + COLUMN * (max(layers.values(), default=0)) + BOX_WIDTH
    height = max((n.y for n in nodes.values()), default=0) + BOX_HEIGHT + MARGIN
    hurt = tuple(n for n in nodes.values() if n.part in {"affected", "symptom"})
    return Graph(
        tuple(nodes.values()), tuple(links), width, height, _sentence(chain, hurt), hurt, hidden
    )


def _kept(edges: list[Edge], first: set[str]) -> tuple[list[str], int]:
    """Return at most 60 resources, those nearest to the trouble first, and how many were left."""
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    order = dict.fromkeys(sorted(k for k in first if k))
    queue = deque(order)
    while queue:
        for neighbour in sorted(near[queue.popleft()]):
            if neighbour not in order:
                order[neighbour] = None
                queue.append(neighbour)
    for key in sorted(near):
        order.setdefault(key)
    keys = list(order)
    return keys[:MAX_NODES], max(0, len(keys) - MAX_NODES)


def _layers(keys: list[str], edges: list[Edge]) -> dict[str, int]:
    """Return a layer per resource: 0 calls nobody; a caller stands right of all it calls.

    Calls in a circle are cut where they close: a resource is raised at most once per resource.
    """
    callees: dict[str, set[str]] = defaultdict(set)
    for caller, callee in edges:
        callees[caller].add(callee)
    layers: dict[str, int] = {}

    def layer(key: str, above: frozenset[str]) -> int:
        if key not in layers:
            below = [layer(c, above | {key}) for c in sorted(callees[key]) if c not in above]
            layers[key] = max((b + 1 for b in below), default=0)
        return layers[key]

    for key in keys:
        layer(key, frozenset({key}))
    return {key: layers[key] for key in keys}


def _parts(
    chain: tuple[ChainStep, ...], symptom: str, affected: dict[str, tuple[str, int]]
) -> dict[str, str]:
    parts = dict.fromkeys(affected, "affected")
    parts.update(dict.fromkeys((s.key for s in chain), "chain"))
    parts[symptom] = "symptom"
    if chain:
        parts[chain[0].key] = "cause"
    return parts


def _nodes(
    layers: dict[str, int], parts: dict[str, str], notes: dict[str, tuple[str, int | None]]
) -> dict[str, Node]:
    rank = {"cause": 0, "chain": 0, "symptom": 0, "affected": 1}
    rows: dict[int, int] = defaultdict(int)
    nodes = {}
    for key in sorted(layers, key=lambda k: (layers[k], rank.get(parts.get(k, ""), 2), k)):
        column = layers[key]
        kind, _, name = key.partition("/")
        note, evidence = notes.get(key, ("", None))
        part = parts.get(key, "around")
        shown = name if len(name) <= 20 else f"{name[:19]}…"
        nodes[key] = Node(
            shown, kind, part, MARGIN + column * COLUMN, MARGIN + rows[column] * ROW, note,
            evidence, name,
        )  # fmt: skip
        rows[column] += 1
    return nodes


def _links(nodes: dict[str, Node], edges: list[Edge], chain: tuple[ChainStep, ...]) -> list[Link]:
    pairs = {(b.key, a.key): b for a, b in pairwise(chain)}
    links = []
    for caller, callee in edges:
        a, b = nodes[callee], nodes[caller]
        step = pairs.get((caller, callee))
        start, end = (a.x + BOX_WIDTH, a.middle), (b.x, b.middle)
        if a.x >= b.x:
            start, end = (a.x, a.middle), (b.x + BOX_WIDTH, b.middle)
        bend = (start[0] + end[0]) // 2
        label = f"E{step.evidence}" if step and step.evidence else "inferred" if step else ""
        links.append(
            Link(
                f"M{start[0]} {start[1]}C{bend} {start[1]} {bend} {end[1]} {end[0]} {end[1]}",
                step is not None, step is not None and step.is_inferred,
                step is not None and step.is_late, label, bend, (start[1] + end[1]) // 2 - 4,
                f"{b.title} calls {a.title}",
            )
        )  # fmt: skip
    return links


def _sentence(chain: tuple[ChainStep, ...], hurt: tuple[Node, ...]) -> str:
    names = [s.key.partition("/")[2] for s in chain]
    way = " to ".join(names) if len(names) > 1 else f"{names[0]} itself" if names else ""
    told = f"The chain goes from cause to symptom: {way}." if way else "No cause is known yet."
    also = ", ".join(n.title for n in hurt)
    return f"{told} Hurt: {also}." if also else told
