"""The consensus panel: the verdict, each claim with its citation, and what stands against it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from investigations.enums import DiagnosisVerdict, HypothesisState
from investigations.models import Diagnosis, Hypothesis
from investigations.phrases import change_told, out_by_person, plain_rule
from investigations.presenters import words

SPECIALISTS = ("network", "deployment", "database", "resource")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
NOT_MET = re.compile(r"Not met: (.+?) \((.*)\)\.")
CITED = 3
# From here on a cause that is out by hand is worth telling to whoever acts on another.
LIKELY = 0.5
NO_CLAIM = {
    "No cause found", "There is no lead yet", "The evidence rules out each cause that was tested",
}  # fmt: skip
# What a rule that was not met means, for people. Others are told by their name and detail.
FAILED = {
    "A candidate exists": "No finding points to a cause.",
    "Probability at least 60%": "The strongest lead reaches {detail}; a verdict needs 60%.",
    "At least 20 points ahead of the next": 
        "It is not far enough ahead of its rival: {detail}; a verdict needs 20 points there.",
    "Likelier than something else":
        "A cause that nobody has named is likelier by what was found ({detail}).",
    "Two independent kinds of telemetry":
        "It rests on one kind of telemetry ({detail}); a verdict needs two.",
    "Nothing strong stands against it": "Strong evidence stands against it: {detail}.",
    "Its strongest evidence survived a challenge":
        "Its strongest evidence has not survived a challenge ({detail}).",
}  # fmt: skip


# How clearly a link stands out of the noise, in words.
CLEARNESS = ((0.8, "clearly seen"), (0.5, "seen"), (0.0, "faintly seen"))


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """One claim and the evidence on the board that it rests on."""

    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dissent:
    """What an agent says against the leader, and by which evidence.

    ``is_partial``: all in all that agent agrees; only this piece speaks against it.
    """

    name: str
    text: str
    evidence: int
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class ChainNode:
    """One step from cause to symptom. ``is_late``: it began before what should have caused it.

    ``sure``: how clearly it was seen, in words; empty where that is not kept. ``apart``: so many
    seconds lie between the samples that date it, where it seems earlier than its cause by no more.
    """

    resource: str
    text: str
    onset_at: datetime | None
    evidence: int | None
    is_inferred: bool
    is_late: bool
    role: str
    sure: str = ""
    apart: float | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the reconciler says, whole."""

    word: str
    number: str
    sentences: tuple[CitedSentence, ...]
    agree: str
    in_part: tuple[Dissent, ...]
    disagree: tuple[Dissent, ...]
    dissent: tuple[Dissent, ...]
    abstains: str
    gaps: tuple[str, ...]
    would_change: str
    failed: tuple[str, ...]
    overruled: str
    chain: tuple[ChainNode, ...]


def consensus_of(
    diagnosis: Diagnosis | None, claims: Mapping[int, str], *, spoken: Iterable[str],
    lead: Sequence[int] = (),
) -> Consensus | None:  # fmt: skip
    """Return the panel, or None before the first verdict.

    Args:
        diagnosis: The newest.
        claims: Claims of evidence on the board by number: citations are taken from these only.
        spoken: Agents that have posted anything.
        lead: Evidence for the strongest lead, strongest first, where the verdict cites none.
    """
    if diagnosis is None:
        return None
    verdict = diagnosis.verdict
    shown = words.likelihood(diagnosis.confidence) if diagnosis.confidence is not None else ""
    word, _, number = shown.partition(", ")
    if verdict == DiagnosisVerdict.NO_FAULT:
        word = f"No fault: {word.lower()}"
    elif verdict == DiagnosisVerdict.INCONCLUSIVE:
        word, number = "Inconclusive", ""
    # What decides comes first, in the order in which the page tells it.
    own = list(map(int, diagnosis.cited or lead))
    cited = [n for n in dict.fromkeys([*(n for n in lead if n in own), *own]) if n in claims]
    voices = {*diagnosis.agreement, *(str(d["agent"]) for d in diagnosis.dissent)}
    silent = [a for a in SPECIALISTS if a not in voices and a in set(spoken)]
    dissent = tuple(
        Dissent(_names([d["agent"]]), str(d["text"]), int(d["evidence"]),
                d["agent"] in diagnosis.agreement)
        for d in diagnosis.dissent
    )  # fmt: skip
    torn = {str(d["agent"]) for d in diagnosis.dissent}
    whole = [a for a in diagnosis.agreement if a not in torn]
    in_part = tuple(d for d in dissent if d.is_partial)
    return Consensus(
        word=word,
        number=number,
        sentences=_sentences(diagnosis, claims, cited),
        agree=_names(whole) or ("" if in_part else "nobody"),
        in_part=in_part,
        disagree=tuple(d for d in dissent if not d.is_partial),
        dissent=dissent,
        abstains=_names(silent),
        gaps=tuple(str(g["text"]) for g in diagnosis.gaps),
        would_change=diagnosis.would_change,
        failed=tuple(failure(rule) for rule in diagnosis.rules if not rule["passed"])
        if verdict == DiagnosisVerdict.INCONCLUSIVE
        else (),
        overruled=overruled_of(diagnosis),
        chain=chain_of(diagnosis),
    )


def overruled_of(diagnosis: Diagnosis) -> str:
    """Return that what led was ruled out after this verdict, and why; empty while it stands."""
    led = diagnosis.hypothesis
    if led is None or led.state != HypothesisState.RULED_OUT:
        return ""
    why = plain_rule(led.ruled_out_by).removeprefix("person/")
    return f"H{led.number}, which led, has been ruled out since: {why}"


def out_by_hand(hypotheses: Iterable[Hypothesis]) -> str:
    """Return that what the evidence had made likely is out on a person's word alone; empty if none is."""
    found = [
        h for h in hypotheses
        if h.state == HypothesisState.RULED_OUT and (h.posterior or 0.0) > LIKELY
        and out_by_person(h.ruled_out_by)[0]
    ]  # fmt: skip
    if not found:
        return ""
    first = max(found, key=lambda h: h.posterior or 0.0)
    who, why = out_by_person(first.ruled_out_by)
    more = f" So are {len(found) - 1} more." if len(found) > 1 else ""
    return (
        f"H{first.number}, {first.posterior:.0%} by the evidence, is out on {who}'s word alone: "
        f"{first.claim}. “{why}”{more}"
    )


def blamed_of(diagnosis: Diagnosis | None) -> CitedSentence | None:
    """Return the change that the standing cause blames, with its evidence, if it blames one."""
    if diagnosis is None or not diagnosis.blamed or overruled_of(diagnosis):
        return None
    told = change_told(str(diagnosis.blamed["text"]))
    return CitedSentence(told, (int(str(diagnosis.blamed["evidence"])),))


def _names(agents: Iterable[object]) -> str:
    return ", ".join(words.NAMES.get(str(a), str(a)) for a in agents)


def failure(rule: Mapping[str, object]) -> str:
    """Return a rule that was not met as a sentence."""
    name, detail = str(rule["name"]), str(rule["detail"])
    if detail == "not challenged":
        return "Its strongest evidence has not been challenged yet."
    return FAILED.get(name, f"Not met: {name} ({detail}).").format(detail=detail)


def plain_step(step: object) -> str:
    """Return a stored next step for people: a rule that was not met as its sentence."""
    found = NOT_MET.fullmatch(str(step))
    return failure({"name": found[1], "detail": found[2]}) if found else str(step)


def _sentences(
    diagnosis: Diagnosis, claims: Mapping[int, str], cited: list[int]
) -> tuple[CitedSentence, ...]:
    """Split the summary where a cited claim begins, and cite each part by what it says."""
    found = []
    for text in _parts(diagnosis.summary, [claims[n] for n in cited]):
        own = [n for n in cited if claims[n] == text]
        is_claim = text.rstrip(".") not in NO_CLAIM
        found.append(CitedSentence(text, tuple((own or cited)[:CITED]) if is_claim else ()))
    return tuple(found)


def _parts(summary: str, quoted: list[str]) -> list[str]:
    """Return the summary's sentences; a quoted claim is one, whatever stops are inside it."""
    for claim in quoted:
        if claim and summary.endswith(claim):
            head = summary.removesuffix(claim).strip()
            return [*SENTENCE.split(head), claim] if head else [claim]
    return SENTENCE.split(summary)


def _sure(confidence: object) -> str:
    if not isinstance(confidence, (int, float)):
        return ""
    word = next(word for least, word in CLEARNESS if confidence >= least)
    return f"{word}, {confidence:.0%}"


def chain_of(diagnosis: Diagnosis) -> tuple[ChainNode, ...]:
    """Return the causal chain, cause first. Onsets should rise; one that does not is marked.

    By less than the samples are apart it does not speak against the chain: that is told instead.
    """
    nodes: list[ChainNode] = []
    step = _step_of(diagnosis)
    latest: datetime | None = None
    links = diagnosis.causal_chain
    for place, link in enumerate(links):
        onset = datetime.fromisoformat(str(link["onset_at"])) if link.get("onset_at") else None
        early = (latest - onset).total_seconds() if onset and latest else 0.0
        latest = max(onset, latest) if onset and latest else onset or latest
        name = str(link["resource"]).rpartition("/")[2]
        role = "cause" if place == 0 else "symptom" if place == len(links) - 1 else ""
        nodes.append(
            ChainNode(
                resource=name,
                text="" if link["is_inferred"] else str(link["label"]),
                onset_at=onset,
                evidence=link["evidence"],
                is_inferred=bool(link["is_inferred"]),
                is_late=early > step,
                apart=step if 0 < early <= step else None,
                role="cause and symptom" if len(links) == 1 else role,
                sure="" if link["is_inferred"] else _sure(link.get("confidence")),
            )
        )
    return tuple(nodes)


def _step_of(diagnosis: Diagnosis) -> float:
    """Return how many seconds lie between samples, 0 where that is not known."""
    scope = diagnosis.investigation.scope if diagnosis.investigation_id else {}
    return float(scope.get("step_seconds") or 0.0)
