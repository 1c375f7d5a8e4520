"""Plain English cut into words: which of them are denied, and which side of "because" they are on."""

import re
from collections.abc import Sequence


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


PUNCTUATION = frozenset(",;:.!?()")
# They may stand between the words of a phrase.
FILLERS = _set(
    "a an the is are was were be been being has have had having of in at on for its their our this "
    "that to s by too so very much just"
)
_WORD = re.compile(r"[a-z0-9]+(?:[-_./][a-z0-9]+)*|->|→|—|[,;:.!?()]")
_SHORT = (
    (re.compile(r"\b(ca|could|wo|would|do|does|did|is|are|was|were|has|have|had|should)n'?t\b"),
     lambda m: f"{'can' if m[1] == 'ca' else 'will' if m[1] == 'wo' else m[1]} not"),
    (re.compile(r"\bcannot\b"), lambda _: "can not"),
    (re.compile(r"\b(it|that|there|here|what)'s\b"), lambda m: f"{m[1]} is"),
    (re.compile(r"'s\b|'(?=\s|$)"), lambda _: ""),
)  # fmt: skip
# What works as it should; to deny it is to name a fault: "not responding", "not enough memory".
_SOUND = _set(
    "enough sufficient responding respond reachable reached ready available running run working "
    "work found start starting started accepting accept resolve resolving resolved released "
    "returned closed able healthy scheduled mounted tolerated valid trusted allowed set existing "
    "exist big large left free pulled placed renewed reloaded bound fit finish finishing "
    "finished answer answering connect connecting freed more"
)
_ASIDE = frozenset({"only", "sure", "certain", "yet", "doubt", "question", "longer", "just"})
_SEEMS = _set("look seem appear come think believe stem originate mean feel")
_SPEAKING = _set("i we it think believe guess say sure no yes but and so maybe perhaps")
_HELPERS = frozenset({"do", "does", "did", "will", "would", "should", "could"})
_VERBS = _set(
    "is are was were has have had holds hold leaks leaked fails failed causes caused needs runs"
)
_PAIRS = frozenset({("rather", "than"), ("instead", "of"), ("other", "than"), ("unrelated", "to")})
_BACKWARD = (("due", "to"), ("because", "of"), ("because",), ("caused", "by"), ("triggered", "by"),
             ("owing", "to"), ("result", "of"), ("thanks", "to"))  # fmt: skip
_FORWARD = ((",", "so"), ("causes",), ("causing",), ("leads", "to"), ("led", "to"), ("leading", "to"),
            ("results", "in"), ("makes",), ("made",), ("caused",), ("cause",))  # fmt: skip


def words_of(text: str) -> list[str]:
    """Return lower-case words and punctuation; contractions written out, possessives dropped."""
    plain = text.lower().replace("’", "'")  # noqa: RUF001 - people type it
    for pattern, whole in _SHORT:
        plain = pattern.sub(whole, plain)
    return _WORD.findall(plain)


def is_form_of(word: str, base: str) -> bool:
    """Whether a word is a base or a plain inflection of it: ``queries`` of ``query``."""
    if word == base:
        return True
    if len(base) < 3 or not word.startswith(base[:-1]):
        return False
    forms = {base + end for end in ("s", "es", "ed", "d", "ing", base[-1] + "ed", base[-1] + "ing")}
    if base.endswith("y"):
        forms |= {base[:-1] + end for end in ("ies", "ied")}
    if base.endswith("e"):
        forms.add(base[:-1] + "ing")
    return word in forms


def denied(words: Sequence[str], sound: Sequence[bool]) -> list[bool]:
    """Return for each word whether it is denied: it stands after "not", "no", "rather than" ...

    Args:
        words: What :func:`words_of` returned.
        sound: For each word whether it belongs to a phrase that names a fault by a negation ("no
            space left"): that one denies nothing.
    """
    found, is_denied = [], False
    for i in range(len(words)):
        if not sound[i] and _begins(words, i):
            is_denied = True
        elif is_denied and _ends(words, i):
            is_denied = False
        found.append(is_denied)
    return found


def is_denial(words: Sequence[str], marks: Sequence[bool]) -> bool:
    """Whether a text only denies: no clause of it says something without a denial."""
    clause: list[int] = []
    for i in range(len(words) + 1):
        if i < len(words) and words[i] not in PUNCTUATION and not (i and marks[i - 1] > marks[i]):
            clause.append(i)
            continue
        said = [words[j] for j in clause if words[j] not in FILLERS | _SPEAKING]
        if said and not any(marks[j] for j in clause):
            return False
        clause = [i]
    return any(marks)


def _begins(words: Sequence[str], i: int) -> bool:
    word, after = words[i], list(words[i + 1 : i + 5])
    if (word, *after[:1]) in _PAIRS or word in {"unlike", "except", "nor", "neither", "excluding"}:
        return True
    if word == "nothing":
        return after[:3] == ["to", "do", "with"]
    if word not in {"not", "no", "never", "without"} or (after and after[0] in _ASIDE):
        return False
    clause = []
    for following in after:
        if following in PUNCTUATION:
            break
        clause.append(following)
    before = words[i - 1] if i else ""
    if before == "can":
        return clause[:1] == ["be"] and not any(
            w in _SOUND or w.endswith("ed") for w in clause[1:2]
        )
    if before in _HELPERS:
        return bool(clause) and clause[0] in _SEEMS | {"be"}
    near = clause[:3] if word in {"no", "without"} else clause[:2]
    return not any(w in _SOUND for w in near)


def _ends(words: Sequence[str], i: int) -> bool:
    word = words[i]
    after = words[i + 1] if i + 1 < len(words) else ""
    if word in PUNCTUATION or word in {"but", "however", "although", "—"}:
        return True
    if word in {"rather", "instead"}:
        return (word, after) not in _PAIRS
    if word == "it":
        return after == "is" and words[i - 1] not in {"that", "think", "believe"}
    if word != "and":
        return False
    rest = []
    for following in words[i + 1 :]:
        if following in PUNCTUATION:
            break
        rest.append(following)
    return any(w in _VERBS for w in rest[1:])


def cause_sides(words: Sequence[str]) -> list[bool]:
    """Return for each word whether it is said to be a cause; all are where nothing says which is."""
    for i in range(len(words)):
        for marker in _BACKWARD:
            if tuple(words[i : i + len(marker)]) == marker:
                return [j >= i + len(marker) for j in range(len(words))]
        for marker in _FORWARD:
            if i and tuple(words[i : i + len(marker)]) == marker:
                return [j < i for j in range(len(words))]
    return [True] * len(words)
