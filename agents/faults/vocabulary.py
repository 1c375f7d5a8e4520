"""A person's words to a cause that can be tested: no model, a published table of words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.faults.model import Blame, FaultModel
from agents.faults.naming import Mention, ends_of_call, mentions_of, unknown_name
from agents.faults.registry import FAULTS
from agents.faults.wording import FILLERS, cause_sides, denied, is_denial, is_form_of, words_of
from telemetry.types import ResourceKind, ResourceRef, TopologyGraph

NO_CLASS = (
    "These words name no kind of fault that is known here: it stays a claim for people to judge."
)
CALM = (
    "What would be no fault that lasts is weighed beside every hypothesis: the consensus says so "
    "when it is likely."
)
_CALM = re.compile(
    r"\b(?:(?:just|only) an? (?:\w+ )?blip|(?:short|brief) blip|false alarm|false positive|"
    r"no fault|not a fault|nothing (?:is|was) wrong|recovered by itself|went away by itself)\b"
)
# So many words beside the one that was understood: it may well be about something else.
GUESSED_FROM = 4
_DENIES = frozenset({"no", "not", "without", "nothing", "never", "instead"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What words were taken to mean. ``note`` says so in a sentence, or what is missing.

    ``remark``: how the words were taken where they leave a choice, and how to say the other.
    ``is_named``: whether the words name the resource. ``denied``: the fault class of a sentence that
    only says what it is not, ``denied_at`` the resource it names; both may be missing there too.
    """

    resource: ResourceRef | None
    fault_class: str
    note: str
    remark: str = ""
    is_named: bool = False
    is_denial: bool = False
    denied: str = ""
    denied_at: ResourceRef | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    model: FaultModel
    rank: tuple[int, int]
    start: int
    end: int
    has_denial: bool


@dataclass(frozen=True, slots=True)
class _Text:
    words: list[str]
    named: list[Mention]
    denied: list[bool]
    causes: list[bool]


def match_text(
    text: str, resources: Sequence[ResourceRef], symptom: ResourceRef,
    graph: TopologyGraph | None = None,
) -> Reading:  # fmt: skip
    """Read a hypothesis in plain words.

    What is denied names nothing. Of "a because of b" b counts. The longest phrase of a fault model's
    words that occurs decides the class. The resource is the one named nearest to it that can have the
    fault; of a call from one to another the end that the class blames; without a name the symptom's.
    Without a class it stays a free claim.
    """
    known = graph or TopologyGraph()
    words = words_of(text)
    named = mentions_of(words, resources, known)
    found = _matches(words, named)
    sound = [any(m.has_denial and m.start <= i < m.end for m in found) for i in range(len(words))]
    said = _Text(words, named, denied(words, sound), cause_sides(words))
    kept = [m for m in found if not said.denied[m.start]]
    kept = [m for m in kept if said.causes[m.start]] or kept
    places = [m for m in named if not said.denied[m.start]]
    if _CALM.search(" ".join(words)):
        return Reading(places[-1].resource if places else None, "", CALM)
    if not kept:
        return _without_class(said, found, places)
    best = max(kept, key=lambda m: (m.rank, _fits(m.model, places), -m.start))
    if not places and any(said.denied[m.start] for m in named):
        not_at = next(m.resource for m in named if said.denied[m.start])
        note = (f"It says where it is not: name the resource where it is, as in "
                f"“{best.model.title.lower()} at …”.")  # fmt: skip
        return Reading(None, "", note, is_denial=True, denied_at=not_at)
    used = [any(m.start <= i < m.end for m in kept) for i in range(len(words))]
    if not places and (wanted := unknown_name(words, used, [r.name for r in resources])):
        note = f"Nothing in this incident's scope is called {wanted[:60]}: name what is meant."
        return Reading(None, "", note)
    if best.model.is_of_caller:  # "out of database connections" says what of, not where.
        places = [m for m in places if not (m.is_general and best.start <= m.start < best.end)]
    where = _place(best, said, places, resources, symptom, known)
    if where.kind is ResourceKind.DATABASE and best.model.at_database:
        best = replace(best, model=FAULTS[best.model.at_database])
    note = f"{best.model.title} at {where.name}"
    remark = _how(best, said, kept, places, where)
    is_named = any(not m.is_general for m in places)
    return Reading(where, best.model.slug, note, remark, is_named=is_named)


def _matches(words: Sequence[str], named: Sequence[Mention]) -> list[_Match]:
    """Return the best match of each model, wherever in the text it is."""
    name_at = {i for m in named for i in range(m.start, m.end) if not m.is_general}
    parts: list[tuple[str, int]] = []
    for i, word in enumerate(words):
        split = (
            [word] if i in name_at else re.split(r"[-_./]", word) if word[:1].isalnum() else [word]
        )
        parts += [(part, i) for part in split]
    found = []
    for model in FAULTS.values():
        best: _Match | None = None
        phrases = [
            (p, True)
            for p in (
                *model.words,
                model.slug.replace("_", " "),
                model.title.partition(",")[0],
                *_claims(model),
            )
        ]
        phrases += [
            (p, False) for p in model.vague if any(m.resource.kind in model.kinds for m in named)
        ]
        for phrase, is_whole in phrases:
            asked = re.findall(r"[a-z0-9]+|[,;]", " ".join(words_of(phrase)))
            rank = (sum(w not in FILLERS for w in asked) if is_whole else 0, len(phrase))
            if best is not None and rank <= best.rank:
                continue
            for start in range(len(parts)):
                end = _match_at(parts, start, asked, name_at)
                if end:
                    best = _Match(model, rank, parts[start][1], parts[end - 1][1] + 1,
                                  bool(_DENIES & set(asked)))  # fmt: skip
                    break
        if best is not None:
            found.append(best)
    return found


def _claims(model: FaultModel) -> set[str]:
    """Return the words of our own claim without its names: who types them means this class."""
    return {model.claim.format(name=" ", other=other) for other in (" ", model.other)}


def _match_at(
    parts: Sequence[tuple[str, int]], start: int, asked: Sequence[str], name_at: set[int]
) -> int:
    """Return where a phrase that begins at a word ends, 0 if it does not stand there.

    Between its words there may be fillers and names: "the memory limit of orders is too low". What is
    only the name of something is no fault.
    """
    at, has_own = start, False
    for k, want in enumerate(asked):
        while k and at < len(parts) and not is_form_of(parts[at][0], want):
            if parts[at][0] not in FILLERS and parts[at][1] not in name_at:
                return 0
            at += 1
        if at >= len(parts) or not is_form_of(parts[at][0], want):
            return 0
        has_own = has_own or parts[at][1] not in name_at
        at += 1
    return at if has_own else 0


def _fits(model: FaultModel, places: Sequence[Mention]) -> bool:
    return any(m.resource.kind in model.kinds for m in places)


def _without_class(said: _Text, found: Sequence[_Match], places: Sequence[Mention]) -> Reading:
    not_at = next((m.resource for m in said.named if said.denied[m.start]), None)
    if is_denial(said.words, said.denied):
        worst = max(found, key=lambda m: m.rank, default=None)
        slug, title = (worst.model.slug, worst.model.title) if worst else ("", "")
        told = ", ".join(t for t in (title, f"at {not_at.name}" if not_at else "") if t)
        note = f"It only says what it is not{f' ({told})' if told else ''}: say what it is."
        return Reading(None, "", note, is_denial=True, denied=slug, denied_at=not_at)
    return Reading(places[-1].resource if places else None, "", NO_CLASS)


def _place(
    best: _Match, said: _Text, places: Sequence[Mention], resources: Sequence[ResourceRef],
    symptom: ResourceRef, graph: TopologyGraph,
) -> ResourceRef:  # fmt: skip
    model = best.model
    meant = _candidates(best, said, places)
    call = ends_of_call(said.words, meant, graph)
    if call is not None and _can(model, call[0]) == _can(model, call[1]):
        return call[0 if model.is_of_caller and model.blame is Blame.RESOURCE else 1].resource
    if meant:
        return max(meant, key=lambda m: (_can(model, m), -_distance(m, best), m.start)).resource
    only = [r for r in dict.fromkeys(resources) if r.kind in model.kinds]
    near = [r for r in only if r in graph.callees(symptom)] or only
    return near[0] if len(near) == 1 else symptom


def _candidates(best: _Match, said: _Text, places: Sequence[Mention]) -> list[Mention]:
    """Return what may be meant: what "the database" is only where nothing else could have the fault."""
    model = best.model
    by_name = [m for m in places if not m.is_general]
    if not any(_can(model, m) for m in by_name) or ResourceKind.DATABASE in model.kinds:
        by_name = list(places)
    side = [m for m in by_name if said.causes[m.start] == said.causes[best.start]]
    return side if any(_can(model, m) for m in side) else by_name


def _can(model: FaultModel, mention: Mention) -> bool:
    return not model.kinds or mention.resource.kind in model.kinds


def _distance(mention: Mention, best: _Match) -> int:
    return max(mention.start - best.end, best.start - mention.end, 0)


def _how(
    best: _Match, said: _Text, kept: Sequence[_Match], places: Sequence[Mention],
    where: ResourceRef,
) -> str:  # fmt: skip
    """Return what the reader has to know of how it was taken, and how to say the other."""
    told = []
    typed = next((m.typed for m in places if m.resource == where and m.typed), "")
    if typed:
        told.append(f"“{typed[:60]}” is taken for {where.name}.")
    if not places and not best.model.kinds:
        told.append("No resource was named: for another one, post it with its name.")
    others = sorted(
        (m for m in kept if m.rank[0] == best.rank[0] and m is not best
         and m.model.slug not in best.model.refines and best.model.slug not in m.model.refines
         and (m.end <= best.start or m.start >= best.end)),
        key=lambda m: m.rank, reverse=True,
    )  # fmt: skip
    if others:
        title = others[0].model.title
        told.append(f"It could be read as {title} too: to say that, post “{title} at …”.")
    if best.rank[0] == 1 and _unread(best, said, places) >= GUESSED_FROM:
        told.append(f"It was read by “{' '.join(said.words[best.start : best.end])}” alone: if that is "
                    "not meant, rule it out and say it in other words.")  # fmt: skip
    call = ends_of_call(said.words, places, TopologyGraph())
    rivals = [m for m in places if m.resource != where and not m.is_general and _can(best.model, m)]
    if rivals and call is None and said.causes[rivals[0].start] and not others:
        told.append(f"For {rivals[0].resource.name}, post “{best.model.title} at "
                    f"{rivals[0].resource.name}”.")  # fmt: skip
    return " ".join(told)


def _unread(best: _Match, said: _Text, places: Sequence[Mention]) -> int:
    """Return how many words were neither read as the fault nor as a name, nor only fill."""
    named = {i for m in places for i in range(m.start, m.end)}
    return sum(
        word not in FILLERS and word[:1].isalnum() and i not in named
        and not best.start <= i < best.end and not said.denied[i]
        for i, word in enumerate(said.words)
    )  # fmt: skip
