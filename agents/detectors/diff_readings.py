"""What a diff does, as a reviewer would say it: typed readings with a sentence each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

from agents.detectors import diff_patterns as forms
from agents.detectors.diff_effects import Effect
from agents.detectors.diff_quantities import amount, meaning_of, split_words
from agents.detectors.diff_settings import said_otherwise
from agents.detectors.diff_values import changed_values
from agents.detectors.diffs import Hunk, parse_diff, removed_lines

NONE: frozenset[Effect] = frozenset()
HELPED = frozenset({"lock", "check", "cache", "close", "bounds"})
E = Effect


class Risk(IntEnum):
    """How much a change can do at all, without looking at what is seen."""

    HARMLESS = 0
    REORDERS = 1
    UNCLEAR = 2
    RISKY = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a change does.

    Attributes:
        family: Stable slug.
        sentence: Without its subject: ``shortens a time limit from 5 s to 300 ms``.
        sure, possible: What it would cause, surely and perhaps.
        words: The code it was read from.
        is_slow: Hours may lie between the change and the effect.
    """

    family: str
    sentence: str
    sure: frozenset[Effect]
    possible: frozenset[Effect] = NONE
    words: str = ""
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """A whole diff: how much it can do, what it does, and the code that changed."""

    risk: Risk
    readings: tuple[Reading, ...]
    sentence: str
    changed: str = ""
    files: tuple[str, ...] = ()


def review(diff: str, files: Sequence[str] = ()) -> Review:
    """Read a diff. An empty one says nothing: its risk is UNCLEAR."""
    if not diff.strip():
        return Review(Risk.UNCLEAR, (), "", files=tuple(files))
    hunks = parse_diff(diff)
    if not hunks and any(forms.LOCKS.search(line) for line in removed_lines(diff)):
        order = Reading("lock order", "takes locks in another order", frozenset({E.LOCK}))
        return Review(Risk.UNCLEAR, (order,), order.sentence, diff, tuple(files))
    if not hunks:
        what = "changes nothing that runs: comments, tests, docs, styles, moved lines"
        return Review(Risk.HARMLESS, (), what)
    found: dict[tuple[str, str], Reading] = {}
    for hunk in hunks:
        for reading in _readings(hunk, hunks):
            found.setdefault((reading.family, reading.sentence), reading)
    changed = "\n".join(f"{h.header}\n" + "\n".join((*h.removed, *h.added)) for h in hunks)
    names = tuple(dict.fromkeys((*(h.file for h in hunks if h.file), *files)))
    readings = tuple(sorted(found.values(), key=lambda r: not r.sure))
    if readings:
        risk = Risk.RISKY if any(r.sure for r in readings) else Risk.UNCLEAR
        said = " and ".join(dict.fromkeys(r.sentence for r in readings[:2]))
        return Review(risk, readings, said, changed, names)
    risk, sentence = _plain(hunks)
    return Review(risk, (), sentence, changed, names)


def _readings(hunk: Hunk, hunks: Sequence[Hunk]) -> Iterator[Reading]:
    if hunk.is_dependency_list:
        yield from _bumps(hunk)
        return
    yield from _values(hunk)
    yield from _growth(hunk, hunks)
    yield from _formed(hunk, hunks)
    yield from _exchanged(hunk)
    yield from (Reading(*said) for said in said_otherwise(hunk, _pairs(hunk)))
    yield from _dropped_calls(hunk, hunks)
    yield from _query_in_loop(hunk)


def _values(hunk: Hunk) -> Iterator[Reading]:
    for changed in changed_values(hunk):
        meaning = meaning_of(changed)
        if meaning is None:
            continue
        rises = changed.after.value > changed.before.value
        verb = {("time limit", False): "shortens", ("time limit", True): "lengthens"}.get(
            (meaning.slug, rises), "raises" if rises else "lowers"
        )
        sure, possible = meaning.more if rises else meaning.less
        ratio = (changed.after.value or 1e-9) / (changed.before.value or 1e-9)
        if 0.55 <= ratio <= 2.1:  # A little more or less of something breaks nothing by itself.
            sure, possible = NONE, sure | possible
        yield Reading(
            meaning.slug,
            f"{verb} {meaning.name} from {amount(changed.before)} to {amount(changed.after)}",
            sure, possible, f"{changed.removed} {changed.added}",
            meaning.is_slow or E.MEMORY in sure,
        )  # fmt: skip


def _count(pattern: re.Pattern[str], lines: Sequence[str]) -> int:
    return sum(1 for line in lines for _ in pattern.finditer(line))


def _formed(hunk: Hunk, hunks: Sequence[Hunk]) -> Iterator[Reading]:
    """What a form of code, taken away or added somewhere in the whole diff, does."""
    gone, come = _sides(hunks)
    helper = _new_helpers(gone, come)
    for form in forms.REMOVED:
        own = [line for line in hunk.removed if form.pattern.search(line)]
        if not own or _count(form.pattern, gone) <= _count(form.pattern, come):
            continue
        if form.slug in HELPED and helper and len(gone) >= forms.LEAST_MOVED:
            continue  # What a helper is called for may stand in it.
        if form.slug in {"error handling", "bounds", "check", "batch", "validation"} and _is_kept(
            own, come, helper
        ):
            continue
        yield Reading(
            form.slug, form.sentence, form.sure, form.possible, " ".join(own), form.is_slow
        )
    for form in forms.ADDED:
        own = [line for line in hunk.added if form.pattern.search(line)]
        if not own or _count(form.pattern, come) <= _count(form.pattern, gone):
            continue
        if form.unless and _count(form.unless, gone):
            continue
        is_once = all(re.match(r"^(var|const|let|_?[A-Z_]+\s*=)", o) for o in own)
        if form.slug == "heavy work" and is_once and not forms.BACKTRACKS.search(" ".join(own)):
            continue
        yield Reading(f"{form.slug} added", form.sentence, form.sure, form.possible, " ".join(own),
                      form.is_slow)  # fmt: skip


def _sides(hunks: Sequence[Hunk]) -> tuple[list[str], list[str]]:
    return [x for h in hunks for x in h.removed], [x for h in hunks for x in h.added]


def _calls(lines: Sequence[str]) -> list[str]:
    return [c for line in lines for c in forms.CALL.findall(line) if c not in forms.KEYWORDS]


def _new_helpers(gone: Sequence[str], come: Sequence[str]) -> set[str]:
    """Return what is called now and was not before: lines taken away may stand in it."""
    known = set(_calls(gone))
    return {c for c in _calls(come) if c not in known and not forms.HARMLESS_CALL.search(c)}


def _is_kept(own: Sequence[str], come: Sequence[str], helper: set[str]) -> bool:
    """Whether lines of removed handling are still there in another form, or stand in a helper."""
    if helper and all(forms.ERROR_GUARD.search(line) for line in own):
        return bool(_count(forms.ERROR_GUARD, come))
    direct = [line for line in come if re.match(r"^return [\w.]+\(.*\)$", line.rstrip(";"))]
    return bool(direct) and all(re.search(r"\berr(or)?\b", line) for line in own)


def _growth(hunk: Hunk, hunks: Sequence[Hunk]) -> Iterator[Reading]:
    around = "\n".join(line for h in hunks for line in (*h.added, *h.context))
    long_lived = {
        name
        for h in hunks
        for raw in h.lines if raw[0] != "-"
        for match in [forms.LONG_LIVED.search(raw[1:].rstrip())]
        if match
        for name in match.groupdict().values() if name
    }  # fmt: skip
    for line in hunk.added:
        match = forms.GROWING.search(line)
        if match is None:
            continue
        target = next(g for g in (match["into"], match["list"], match["map"]) if g)
        name = target.rpartition(".")[2]
        is_member = target.startswith(("self.", "this.")) or name.startswith("_")
        is_kept = name in long_lived or is_member or name.isupper()
        bound = [
            x for x in around.splitlines() if name in x and forms.BOUND.search(x) and x != line
        ]
        if is_kept and not bound:
            yield Reading("growth", f"adds to {name} without ever taking from it",
                          frozenset({E.MEMORY}), frozenset({E.CRASH, E.LATENCY, E.CPU, E.DISK}),
                          line, is_slow=True)  # fmt: skip
            return


def _exchanged(hunk: Hunk) -> Iterator[Reading]:
    """Names, addresses and switches that stand in the same line and are others now."""
    for removed, added in _pairs(hunk):
        if removed == added:
            continue
        old, new = forms.ADDRESS.search(removed), forms.ADDRESS.search(added)
        if old and new and old[0] != new[0] and not re.search(r"image|repository", removed):
            sure = {E.AUTH} if re.search("issuer|audience|jwks", removed, re.I) else set()
            yield Reading("address", "points to another address",
                          frozenset({E.CONNECT, E.MISSING} | sure),
                          frozenset({E.ERRORS, E.TIMEOUT, E.AUTH}), f"{removed} {added}")  # fmt: skip
            continue
        flips = forms.SWITCH.findall(removed), forms.SWITCH.findall(added)
        if flips[0] != flips[1] and forms.SWITCH.sub("#", removed) == forms.SWITCH.sub("#", added):
            name = split_words(re.split(r"[:=]", removed)[0]).strip(" -\"'")
            yield Reading("switch", f"turns {name or 'a switch'} to {flips[1][-1]}", frozenset(),
                          frozenset(Effect) - {E.TLS}, f"{removed} {added}")  # fmt: skip
            continue
        yield from _exchanged_signs(removed, added)
        if forms.SHOWN.search(removed):
            continue
        names = {n for m in forms.NAME.findall(removed) for n in m if n}
        fresh = {n for m in forms.NAME.findall(added) for n in m if n}
        if names - fresh and fresh - names and len(names - fresh) == len(fresh - names):
            said = f"renames {sorted(names - fresh)[0]} to {sorted(fresh - names)[0]}"
            yield Reading("rename", said, _of_names(names),
                          frozenset({E.ERRORS, E.CONFIG, E.CACHE, E.NULL, E.BACKLOG, E.AUTH}),
                          f"{removed} {added}")  # fmt: skip


def _of_names(names: set[str]) -> frozenset[Effect]:
    """Return what follows from other names; those in capitals are settings."""
    setting = {E.CONFIG, E.CRASH} if any(n.isupper() and "_" in n for n in names) else set()
    return frozenset({E.CONTRACT, E.MISSING} | setting)


def _exchanged_signs(removed: str, added: str) -> Iterator[Reading]:
    """Small exchanges within a line: a unit, a comparison, a sum, a field, who waits."""
    both = f"{removed} {added}"
    if removed.removeprefix("go ") == added or added.removeprefix("await ") == removed:
        yield Reading("wait added", "waits for what it did beside", frozenset({E.LATENCY, E.TIMEOUT}),
                      frozenset({E.POOL, E.BACKLOG}), both)  # fmt: skip
    elif forms.FIELD.search(removed) and forms.FIELD.search(added):
        yield Reading("rename", "declares a field of a message differently", frozenset({E.CONTRACT}),
                      frozenset({E.ERRORS, E.NULL, E.BACKLOG}), both)  # fmt: skip
    elif _differ(forms.UNIT, removed, added):
        yield Reading("time limit", "takes a number for another unit of time",
                      frozenset({E.TIMEOUT, E.CACHE, E.RETRY}), frozenset({E.ERRORS, E.LATENCY, E.LOAD}),
                      both)  # fmt: skip
    elif _differ(forms.COMPARED, removed, added):
        yield Reading("comparison", "compares differently", frozenset({E.BOUNDS, E.ARITHMETIC}),
                      frozenset({E.ERRORS, E.NULL, E.AUTH, E.LIMITED}), both)  # fmt: skip
    elif forms.SUM.findall(removed) != forms.SUM.findall(added) and not forms.PATH.search(both):
        yield Reading("sum", "calculates differently", frozenset({E.ARITHMETIC}),
                      frozenset({E.ERRORS, E.STALE}), both)  # fmt: skip


def _differ(pattern: re.Pattern[str], removed: str, added: str) -> bool:
    """Whether two lines differ in what a pattern finds, and in nothing else."""
    old, new = pattern.sub("#", removed), pattern.sub("#", added)
    return removed != added and "#" in old and old == new


def _pairs(hunk: Hunk) -> list[tuple[str, str]]:
    left, found = list(hunk.added), []
    for removed in hunk.removed:
        best = max(left, key=lambda a: SequenceMatcher(None, removed, a).ratio(), default="")
        if best and SequenceMatcher(None, removed, best).ratio() >= 0.6:
            left.remove(best)
            found.append((removed, best))
    return found


def _dropped_calls(hunk: Hunk, hunks: Sequence[Hunk]) -> Iterator[Reading]:
    """A call that nothing takes the place of: a registration, a step of the work."""
    gone, come = _sides(hunks)
    if _new_helpers(gone, come):
        return
    still = set(_calls(come)) | set(_calls([x for h in hunks for x in h.context]))
    for line in hunk.removed:
        calls = [c for c in _calls([line]) if not forms.HARMLESS_CALL.search(c)]
        bare = re.match(r"^(?:await |defer |go )?[\w.]+\(.*\)?[;,]?$|^@[\w.]+", line)
        lost = [c for c in calls if c not in still]
        if bare and lost and not any(f.pattern.search(line) for f in forms.REMOVED):
            yield Reading("call", f"no longer calls {lost[0]}", frozenset({E.MISSING}),
                          frozenset({E.ERRORS, E.NULL, E.CONFIG, E.STALE, E.BACKLOG, E.AUTH}),
                          line)  # fmt: skip


def _query_in_loop(hunk: Hunk) -> Iterator[Reading]:
    depth = -1
    for raw in hunk.lines:
        if raw[0] == "-" or not raw[1:].strip():
            continue
        indent = len(raw[1:].expandtabs(4)) - len(raw[1:].expandtabs(4).lstrip())
        if depth >= 0 and indent <= depth:
            depth = -1
        is_each = raw[0] == "+" and forms.EACH.search(raw) and forms.QUERY.search(raw)
        if is_each or (depth >= 0 and raw[0] == "+" and forms.QUERY.search(raw)):
            yield Reading("query in a loop", "asks once for each item of a loop",
                          frozenset({E.QUERY, E.LOAD}),
                          frozenset({E.LATENCY, E.POOL, E.TIMEOUT, E.CPU, E.CONNECTIONS}),
                          raw[1:].strip())  # fmt: skip
            return
        if depth < 0 and forms.LOOP.search(raw[1:]) and not raw.rstrip().endswith("for {"):
            depth = indent


def _bumps(hunk: Hunk) -> Iterator[Reading]:
    # A major version may be a part of the name: "…/v8 v8.11.5".
    old, new = (
        {
            forms.MAJOR_IN_PATH.sub("", m["name"]): m["version"]
            for line in side for m in [forms.VERSION.search(line)] if m
        }
        for side in (hunk.removed, hunk.added)
    )  # fmt: skip
    for name in old.keys() & new.keys():
        before, after = (v[name].split(".") for v in (old, new))
        if before[0] != after[0]:
            yield Reading("dependency", f"moves {name} from {old[name]} to {new[name]}", NONE,
                          frozenset({E.ERRORS, E.CONTRACT, E.CRASH, E.NULL, E.TLS}), name)  # fmt: skip


def _plain(hunks: Sequence[Hunk]) -> tuple[Risk, str]:
    """Judge what no family fits."""
    if all(h.is_dependency_list for h in hunks):
        return Risk.HARMLESS, "only moves dependencies within their major version"
    gone, come = _sides(hunks)
    fresh = set(_calls(come)) - set(_calls(gone))
    if (
        all(re.search(r"CREATE INDEX CONCURRENTLY|^\s*ON \w+", line, re.I) for line in come)
        and not gone
    ):
        return Risk.HARMLESS, "adds an index without locking"
    if not gone and all(forms.HARMLESS_CALL.search(c) for c in fresh):
        return Risk.HARMLESS, "only adds records or fields"
    own = {m[1] for line in come for m in [forms.DEFINED.search(line)] if m}
    if not gone and own and all(c.rpartition(".")[2] in own for c in fresh):
        return Risk.REORDERS, "moves code into a function of its own"
    numbers = [set(re.findall(r"\d+", " ".join(side))) for side in (come, gone)]
    helper = _new_helpers(gone, come)
    lost = {c for c in _calls(gone) if c not in set(_calls(come))}
    is_moved = bool(helper) and len(gone) >= forms.LEAST_MOVED
    is_same = not numbers[0] - numbers[1] and _decisions(come) >= _decisions(gone)
    is_same = is_same and not lost and _names_stay(gone, come) and not _math(gone, come)
    if gone and come and (is_moved or is_same):
        return Risk.REORDERS, "rearranges code without changing a value or leaving out a step"
    return Risk.UNCLEAR, "changes code in a way that is no known source of trouble"


def _names_stay(gone: Sequence[str], come: Sequence[str]) -> bool:
    """Whether both sides speak of the same; a variable of a letter or two may go."""
    old, new = (set(forms.IDENTIFIER.findall(" ".join(side))) for side in (gone, come))
    return new <= old and all(len(name) <= 2 and name != "go" for name in old - new)


def _decisions(lines: Sequence[str]) -> int:
    """Count the decisions of code; handing an error on is none."""
    return sum(len(forms.CONDITION.findall(x)) for x in lines if not forms.ERROR_GUARD.search(x))


def _math(gone: Sequence[str], come: Sequence[str]) -> bool:
    """Whether sums or comparisons are others now."""

    def signs(lines: Sequence[str]) -> list[str]:
        kept = (x for x in lines if not forms.ERROR_GUARD.search(x))
        return sorted(m for x in kept for m in re.findall(r"[<>!=]=|[<>](?!\w*>)|\s[-+*/%]\s", x))

    return signs(gone) != signs(come)
