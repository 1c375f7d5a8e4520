"""Which resources a text names, by name or as "the orders database", and where."""

import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.faults.wording import PUNCTUATION
from telemetry.types import ResourceKind, ResourceRef, TopologyGraph

_DATABASE = frozenset({"database", "db", "databases"})
_OF = frozenset({"of", "for", "behind"})
_PLACED = frozenset({"in", "at", "of", "on"})
_TOWARDS = frozenset({"to", "->", "→", "into", "towards", "toward", "calls", "reach", "resolve"})
_ENDS = ("-db", "-database", "-service", "-svc")
NEAR = 0.86


@dataclass(frozen=True, slots=True)
class Mention:
    """A resource that words ``start`` up to ``end`` name. ``typed``: how, where that is not its name."""

    resource: ResourceRef
    start: int
    end: int
    typed: str = ""
    is_general: bool = False


def mentions_of(
    words: Sequence[str], resources: Sequence[ResourceRef], graph: TopologyGraph
) -> list[Mention]:
    """Return what is named, in the order of the text: names, typing errors in them, databases."""
    by_name: dict[str, ResourceRef] = {}
    for resource in resources:
        by_name.setdefault(resource.name.lower(), resource)
    found: list[Mention] = []
    for i, word in enumerate(words):
        name = word if word in by_name else word.rpartition("/")[2]
        if name in by_name:
            found.append(Mention(by_name[name], i, i + 1))
        elif len(word) >= 6 and (near := difflib.get_close_matches(word, by_name, 1, NEAR)):
            is_plural = near[0].rstrip("s") == word.rstrip("s")
            found.append(Mention(by_name[near[0]], i, i + 1, "" if is_plural else word))
    return _with_databases(words, found, resources, graph)


def _with_databases(
    words: Sequence[str], named: list[Mention], resources: Sequence[ResourceRef],
    graph: TopologyGraph,
) -> list[Mention]:  # fmt: skip
    """Take "the orders database" and "database of orders" for that database, not for the service."""
    databases = [r for r in dict.fromkeys(resources) if r.kind is ResourceKind.DATABASE]
    found = list(named)
    for i, word in enumerate(words):
        if word not in _DATABASE or any(m.start <= i < m.end for m in named):
            continue
        owner = next((m for m in named if m.end == i or _follows(words, i, m)), None)
        own = _databases_of(owner.resource, databases, graph) if owner else []
        if owner is not None and len(own) == 1:
            if owner in found:
                found.remove(owner)
            found.append(Mention(own[0], min(owner.start, i), max(owner.end, i + 1)))
        elif len(databases) == 1:
            found.append(Mention(databases[0], i, i + 1, is_general=True))
    return sorted(found, key=lambda m: m.start)


def _follows(words: Sequence[str], i: int, mention: Mention) -> bool:
    between = [w for w in words[i + 1 : mention.start] if w != "the"]
    return mention.start > i and len(between) == 1 and between[0] in _OF


def _databases_of(
    owner: ResourceRef, databases: Sequence[ResourceRef], graph: TopologyGraph
) -> list[ResourceRef]:
    if owner.kind is ResourceKind.DATABASE:
        return [owner]
    called = [d for d in databases if d in graph.callees(owner)]
    by_name = [d for d in databases if re.match(rf"{re.escape(owner.name)}[-_.]", d.name)]
    return by_name if len(by_name) == 1 else called


def ends_of_call(
    words: Sequence[str], named: Sequence[Mention], graph: TopologyGraph
) -> tuple[Mention, Mention] | None:
    """Return caller and callee, where a text tells of a call: "a to b", "between a and b"."""
    for a, b in itertools.pairwise(named):
        between = [w for w in words[a.end : b.start] if w != "the"]
        if 0 < len(between) <= 5 and between[-1] in _TOWARDS and not PUNCTUATION & set(between):
            return a, b
        if between == ["and"] and "between" in words[max(0, a.start - 2) : a.start]:
            is_turned = b.resource in graph.callers(a.resource)
            return (b, a) if is_turned else (a, b)
        if "from" in words[max(0, b.start - 2) : b.start] and len(between) <= 3:
            return b, a
    return None


def unknown_name(words: Sequence[str], used: Sequence[bool], names: Sequence[str]) -> str:
    """Return a name that nothing here has, though it is said to be the place or made like one.

    "in checkout-v2" is the place; "cart-db" is made of the name of ``cart``, or ends as names do.
    """
    stems = tuple(f"{name.lower()}-" for name in names)
    for i, word in enumerate(words):
        before = [w for w in words[max(0, i - 2) : i] if w not in {"the", "service"}]
        is_name = "-" in word and word not in {"->"} and not used[i]
        is_placed = bool(before) and before[-1] in _PLACED
        if is_name and (is_placed or word.startswith(stems) or word.endswith(_ENDS)):
            return word
    return ""
