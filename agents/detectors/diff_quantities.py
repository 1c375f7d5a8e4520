"""What it means that a number of the code or of a setting is another one now."""

import re
from dataclasses import dataclass

from agents.detectors.diff_effects import Effect as E
from agents.detectors.diff_values import Changed, Quantity


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind of number: its name, and what less and more of it does (sure, then possible)."""

    slug: str
    name: str
    words: re.Pattern[str]
    less: tuple[frozenset[E], frozenset[E]]
    more: tuple[frozenset[E], frozenset[E]]
    is_slow: bool = False


def _of(*effects: E) -> frozenset[E]:
    return frozenset(effects)


_NOTHING: frozenset[E] = frozenset()
# The first whose words fit counts. Words are split at humps and underscores before.
MEANINGS: tuple[Meaning, ...] = tuple(
    Meaning(slug, name, re.compile(rf"\b(?:{words})", re.I), less, more, is_slow)
    for slug, name, words, less, more, is_slow in (
        ("ttl", "a lifetime", r"ttl|p?setex|expir|max age|lifetime|cache (duration|period|seconds)|evict"
                              r"|retention|time to live",
         (_of(E.CACHE, E.QUERY, E.LOAD, E.AUTH), _of(E.CPU, E.LATENCY, E.TIMEOUT, E.ERRORS)),
         (_of(E.STALE, E.MEMORY, E.DISK), _of(E.ERRORS)), True),
        ("retries", "the number of attempts", r"retr(y|ies)(?! (delay|backoff|wait|interval))"
                                              r"|attempts?|redeliver",
         (_NOTHING, _of(E.ERRORS)), (_of(E.RETRY), _of(E.LOAD)), False),
        ("probe", "a probe's patience", r"(liveness|readiness|startup) ?probe|failure threshold"
                                        r"|initial delay|timeout seconds|period seconds",
         (_of(E.CRASH, E.UNREADY), _of(E.ERRORS)), (_NOTHING, _of(E.ERRORS)), False),
        ("time limit", "a time limit", r"time ?out|deadline|max wait|wait time|patience|budget",
         (_of(E.TIMEOUT), _of(E.ERRORS, E.POOL, E.RETRY, E.BACKLOG)),
         (_NOTHING, _of(E.LATENCY, E.POOL)), False),
        ("pause", "a pause", r"back ?off|interval|delay|sleep|poll(?! (records|size|count))|period|every"
                              r"|jitter|tick|linger",
         (_of(E.RETRY, E.LOAD, E.CPU), _of(E.LIMITED, E.QUERY)),
         (_of(E.LATENCY, E.BACKLOG, E.STALE), _of(E.TIMEOUT)), False),
        ("memory", "a memory limit", r"memory|heap|xm[xsn]|ephemeral",
         (_of(E.MEMORY, E.CRASH), _of(E.LATENCY, E.ERRORS)), (_NOTHING, _of(E.UNREADY)), False),
        ("cpu", "a CPU limit", r"cpu|millicores|gomaxprocs",
         (_of(E.CPU, E.LATENCY), _of(E.TIMEOUT, E.BACKLOG)), (_NOTHING, _of(E.UNREADY)), False),
        ("pool", "a pool", r"pool|connections?|conns?\b|idle|sockets?",
         (_of(E.POOL, E.TIMEOUT), _of(E.LATENCY, E.ERRORS, E.BACKLOG)),
         (_of(E.CONNECTIONS, E.LOAD), _of(E.LATENCY, E.MEMORY, E.ERRORS)), False),
        ("rate", "a permitted rate", r"rate|rps|qps|burst|quota|throttl|requests per|per second",
         (_of(E.LIMITED), _of(E.ERRORS, E.BACKLOG)), (_of(E.LOAD), _of(E.CPU, E.LATENCY)), False),
        ("workers", "the number of workers", r"threads?|workers?|concurren|parallel|replicas?|prefetch"
                                             r"|consumers?|partitions?|processes|in flight|fan ?out",
         (_of(E.BACKLOG, E.LATENCY, E.POOL), _of(E.TIMEOUT, E.CPU, E.LIMITED)),
         (_of(E.LOAD, E.CONNECTIONS, E.MEMORY), _of(E.CPU, E.LATENCY, E.LOCK, E.BACKLOG)), False),
        ("threshold", "a threshold", r"threshold|ratio|percent|sampl|tolerance",
         (_of(E.LIMITED), _of(E.ERRORS, E.LOAD)), (_of(E.LOAD), _of(E.ERRORS, E.LIMITED)), False),
        ("limit", "a size limit", r"limit|max|size|capacity|queue|buffer|batch|page|bytes|entries"
                                  r"|length|depth|chunk",
         (_of(E.LIMITED, E.SIZE, E.BACKLOG, E.CACHE), _of(E.ERRORS, E.LATENCY, E.LOAD)),
         (_of(E.MEMORY), _of(E.LATENCY, E.LOAD, E.LOCK, E.TIMEOUT, E.QUERY, E.CPU)), False),
        ("work", "the work for each use", r"rounds|cost factor|iterations|work ?factor|log ?rounds",
         (_NOTHING, _of(E.AUTH)), (_of(E.CPU, E.LATENCY), _of(E.TIMEOUT)), False),
        ("lookups", "how names are looked up", r"ndots|resolv\w*|dns",
         (_NOTHING, _of(E.CONNECT, E.LATENCY)), (_of(E.CONNECT), _of(E.LATENCY, E.TIMEOUT)), False),
        ("port", "a port", r"port|addr|url|host|endpoint",
         (_of(E.CONNECT), _of(E.ERRORS)), (_of(E.CONNECT), _of(E.ERRORS)), False),
    )
)  # fmt: skip
_STATUS = re.compile(r"status|\.Error\(|http\.|code", re.I)


def meaning_of(changed: Changed) -> Meaning | None:
    """Return what kind of number it is by its line, or by its file where the line is silent."""
    if changed.after.kind == "" and _is_status(changed):
        return None
    own = split_words(changed.words)
    found = next((m for m in MEANINGS if m.words.search(own)), None)
    if found is None:
        return None
    # A time that is called a limit of the cache is how long entries live.
    return found


def _is_status(changed: Changed) -> bool:
    both = (changed.before.value, changed.after.value)
    return all(100 <= v < 600 for v in both) and bool(_STATUS.search(changed.removed))


def split_words(text: str) -> str:
    """Return identifiers as words: ``maxIdleConns`` and ``max_idle_conns`` are ``max idle conns``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-./]", " ", text)
    return text.lower()


def amount(quantity: Quantity) -> str:
    """Return a number as written, shortly."""
    value = quantity.value
    if quantity.kind == "seconds":
        for size, unit in ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")):
            if abs(value) >= size:
                return f"{value / size:g} {unit}"
        return f"{value:g} s"
    if quantity.kind == "bytes":
        for size, unit in ((1024.0**3, "GiB"), (1024.0**2, "MiB"), (1024.0, "KiB")):
            if value >= size:
                return f"{value / size:g} {unit}"
    return f"{value:g}"
