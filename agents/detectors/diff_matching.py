"""Whether what a change does is what is seen: by its effects, and by the names that both use."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.detectors.diff_effects import Effect
from agents.detectors.diff_quantities import split_words
from agents.detectors.diff_readings import Reading, Review, Risk

# Nearly every fault shows in these: they match, but tell little.
GENERIC = frozenset({Effect.ERRORS, Effect.LATENCY, Effect.CRASH})
MATCHED = 0.5
_WORD = re.compile(r"[A-Za-z_][\w]{2,}(?:\.[a-z]{1,4}\b)?")
_PLAIN = frozenset({
    "the", "and", "for", "from", "with", "not", "has", "was", "error", "err", "failed", "fail",
    "fatal", "ctx", "context", "request", "response", "req", "resp", "res", "return", "func",
    "function", "self", "this", "nil", "null", "none", "true", "false", "string", "int", "http",
    "https", "status", "code", "msg", "message", "value", "data", "name", "type", "var", "const",
    "let", "new", "get", "set", "key", "service", "services", "handler", "server", "client",
    "internal", "pkg", "src", "main", "app", "lib", "index", "config", "default", "result", "out",
    "log", "info", "warn", "timeout", "exceeded", "after", "before", "call", "called", "calls",
    "upstream", "returned", "returning", "json", "api", "path", "time", "second", "seconds",
    "millisecond", "minute", "public", "private", "static", "void", "class", "struct", "import",
    "package", "read", "write", "than", "more", "all", "any", "per", "count", "total", "rate",
    "ratio", "above", "below", "page", "check", "list", "item", "items", "svc", "run", "start",
    "end",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """How well a change explains what is seen.

    Attributes:
        fit: 0..1; from 0.5 on the change does what is seen.
        reading: What of the change fits best, if anything does.
        shared: Rare names that the change and the errors both use.
    """

    fit: float
    reading: Reading | None = None
    shared: tuple[str, ...] = ()


def names_in(text: str) -> frozenset[str]:
    """Return identifiers of a text and their parts, in lower case, without words of every code."""
    found: set[str] = set()
    for word in _WORD.findall(text):
        found.add(word.lower())
        found.update(part for part in split_words(word).split() if len(part) >= 4)
    return frozenset(w for w in found if w not in _PLAIN and len(w) >= 3)


def rarity(reviews: Iterable[Review]) -> Counter[str]:
    """Count in how many changes each name occurs."""
    return Counter(name for review in reviews for name in names_of(review))


def names_of(review: Review) -> frozenset[str]:
    """Return the names that a change touches, those of its files included."""
    files = " ".join(f.rpartition("/")[2] for f in review.files)
    return names_in(f"{review.changed}\n{files}")


def match(
    review: Review, effects: frozenset[Effect], texts: Sequence[str], known: Counter[str],
    ignored: frozenset[str] = frozenset(),
) -> Match:  # fmt: skip
    """Match a change to effects that are seen and to texts of errors.

    Args:
        review: What the change does.
        effects: What is seen where it could be felt.
        texts: Lines of errors from there.
        known: How many changes use each name; see :func:`rarity`.
        ignored: Names that say nothing here, as those of the services.
    """
    if review.risk is Risk.HARMLESS:
        return Match(0.0)
    seen = names_in("\n".join(texts)) - ignored
    shared = seen & names_of(review)
    weight = sum((2.0 if _is_long(name) else 1.0) / max(1, known[name]) for name in shared)
    overlap = 1.0 - math.exp(-weight / 3)
    rare = tuple(sorted(shared, key=lambda n: (known[n], -len(n), n))[:4])
    if not review.readings:
        most = {Risk.REORDERS: 0.15, Risk.UNCLEAR: 0.4}[review.risk]
        return Match(round(most * overlap, 3), None, rare)
    ranked = [(_base(reading, effects, overlap), reading) for reading in review.readings]
    base, best = max(ranked, key=lambda pair: pair[0])
    fit = min(1.0, base + 0.4 * overlap) if base else 0.2 * overlap
    return Match(round(fit, 3), best if base else None, rare)


def _is_long(name: str) -> bool:
    return "." in name or "_" in name or len(name) >= 9


def _base(reading: Reading, effects: frozenset[Effect], overlap: float) -> float:
    sure, possible = reading.sure & effects, reading.possible & effects
    if sure - GENERIC:
        return 0.65
    if sure:
        return 0.35
    # What a change might do among other things counts where the errors name it.
    return (0.3 if possible - GENERIC else 0.15 if possible else 0.0) * (0.5 + 0.5 * overlap)
